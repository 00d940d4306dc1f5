"""The SQL condition of a retention rule: clauses from files, identifiers composed, values bound.

A value is bound as text without a type, so that the server reads it as the column's own type: an enum, a number, a
date. A date clock is older than an instant only when its whole day is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from psycopg import sql

from steward.database import queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from steward.profile import Condition, Epoch, RetentionRule

__all__ = [
    "Bindings",
    "all_of",
    "any_of",
    "clock",
    "conditions",
    "equal",
    "lifecycle",
    "not_exists",
    "past_cutoff",
    "split_name",
    "table_identifier",
    "unused_alias",
]

# How many an integer clock counts in how many seconds.
_PACE: dict[Epoch, tuple[int, int]] = {
    "days": (1, 86_400),
    "seconds": (1, 1),
    "milliseconds": (1_000, 1),
    "microseconds": (1_000_000, 1),
}
_PART = re.compile(r'"(?P<quoted>(?:[^"]|"")+)"|(?P<plain>[^".]+)')


class Bindings(dict[str, object]):
    """The values of one statement, each under a name of its own."""

    def bind(self, value: object) -> sql.Placeholder:
        """Keep a value and return the placeholder that stands for it."""
        name = f"value_{len(self)}"
        self[name] = value
        return sql.Placeholder(name)


def split_name(name: str) -> tuple[str, str]:
    """Return schema and name of a table as the profile writes it, quoted where PostgreSQL quotes."""
    parts = [match["plain"] or match["quoted"].replace('""', '"') for match in _PART.finditer(name)]
    schema, relation = parts
    return schema, relation


def table_identifier(name: str) -> sql.Identifier:
    """Return a table that the profile names as a composed identifier."""
    return sql.Identifier(*split_name(name))


def unused_alias(base: str, taken: Iterable[str]) -> str:
    """Return an alias like ``base`` that none of the taken ones hides."""
    used = set(taken)
    while base in used:
        base += "_"
    return base


def all_of(clauses: Sequence[sql.Composable]) -> sql.Composable:
    """Return the clause that holds where all do; of none, it holds everywhere."""
    return _joined(clauses, sql.SQL(" and "), empty=True)


def any_of(clauses: Sequence[sql.Composable]) -> sql.Composable:
    """Return the clause that holds where one does; of none, it holds nowhere."""
    return _joined(clauses, sql.SQL(" or "), empty=False)


def _joined(clauses: Sequence[sql.Composable], operator: sql.SQL, *, empty: bool) -> sql.Composable:
    if not clauses:
        return sql.Literal(empty)
    return sql.SQL("({})").format(operator.join(clauses))


def clock(rule: RetentionRule, row: str) -> sql.Composable:
    """Return the rule's clock as an instant of ``row``; a rule without one has no age."""
    if not rule.clock:
        return queries.compose("retention/clauses/no_clock")
    column = sql.Identifier(row, rule.clock)
    if rule.clock_epoch is None:
        return column
    return queries.compose("retention/clauses/epoch_clock", 0, column=column, **_pace(rule.clock_epoch))


def past_cutoff(rule: RetentionRule, row: str, cutoff: sql.Composable) -> list[sql.Composable]:
    """Return the clause on the rule's clock; none for a rule without one."""
    if not rule.clock:
        return []
    value = _counted(rule.clock_epoch, cutoff)
    return [queries.compose("retention/clauses/below", column=sql.Identifier(row, rule.clock), value=value)]


def _counted(epoch: Epoch | None, instant: sql.Composable) -> sql.Composable:
    """Return an instant as the clock's column has it, so that an index on the column leads to the rows."""
    if epoch is None:
        return instant
    return queries.compose("retention/clauses/epoch", 0, instant=instant, **_pace(epoch))


def _pace(epoch: Epoch) -> dict[str, sql.Composable]:
    counts, seconds = _PACE[epoch]
    return {"counts": sql.Literal(counts), "seconds": sql.Literal(seconds)}


def conditions(rule: RetentionRule, row: str, values: Bindings) -> list[sql.Composable]:
    """Return the clauses on the row itself."""
    return [_condition(condition, row, values) for condition in rule.where]


def _condition(condition: Condition, row: str, values: Bindings) -> sql.Composable:
    column = sql.Identifier(row, condition.column)
    if condition.any_of:
        chosen = sql.SQL(", ").join([values.bind(value) for value in condition.any_of])
        return queries.compose("retention/clauses/any_of", column=column, values=chosen)
    if condition.below is not None:
        return queries.compose("retention/clauses/below", column=column, value=values.bind(repr(condition.below)))
    if condition.at_least is not None:
        return queries.compose("retention/clauses/at_least", column=column, value=values.bind(repr(condition.at_least)))
    if condition.is_null:
        return queries.compose("retention/clauses/is_null", column=column)
    return queries.compose("retention/clauses/is_not_null", column=column)


def lifecycle(rule: RetentionRule, row: str, since: sql.Composable) -> list[sql.Composable]:
    """Return the clauses on other tables: not referenced ``since`` an instant, or without a parent."""
    return [*_unreferenced(rule, row, since), *_orphan(rule, row)]


def equal(other: str, theirs: Sequence[str], row: str, own: Sequence[str]) -> list[sql.Composable]:
    """Return the clauses that pair the columns of two rows."""
    return [
        queries.compose("retention/clauses/equal", left=sql.Identifier(other, left), right=sql.Identifier(row, right))
        for left, right in zip(theirs, own, strict=True)
    ]


def not_exists(of: sql.Identifier, other: str, clauses: Sequence[sql.Composable]) -> sql.Composable:
    """Return the clause that no row of the table meets the clauses."""
    return queries.compose("retention/clauses/no_row", table=of, other=sql.Identifier(other), clause=all_of(clauses))


def _unreferenced(rule: RetentionRule, row: str, since: sql.Composable) -> list[sql.Composable]:
    wanted = rule.unreferenced
    if wanted is None:
        return []
    other = unused_alias("referring", [row])
    refers = equal(other, [wanted.column], row, [wanted.references])
    # The bound on the log's own clock is what leaves its old partitions out.
    value = _counted(wanted.clock_epoch, since)
    recent = queries.compose("retention/clauses/at_least", column=sql.Identifier(other, wanted.clock), value=value)
    return [not_exists(table_identifier(wanted.table), other, [*refers, recent])]


def _orphan(rule: RetentionRule, row: str) -> list[sql.Composable]:
    wanted = rule.orphan_of
    if wanted is None:
        return []
    other = unused_alias("parent", [row])
    pairs = equal(other, list(wanted.on.values()), row, list(wanted.on))
    # A reference that holds a NULL refers to nothing, as for a foreign key; its row is no orphan.
    not_null = [queries.compose("retention/clauses/is_not_null", column=sql.Identifier(row, own)) for own in wanted.on]
    return [*not_null, not_exists(table_identifier(wanted.table), other, pairs)]
