"""What a role sees of each tenant in each state of the setting: by SELECT and COPY, and by calling functions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from psycopg import sql

from steward import queries
from steward.isolation import verdicts
from steward.isolation.matrix import Cell
from steward.isolation.tries import STATES, seen_statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from steward.isolation.relations import Function, Reach
    from steward.isolation.tenants import Tenant
    from steward.isolation.tries import Plan, Tries
    from steward.isolation.verdicts import Outcome

__all__ = ["Looked", "Reading"]

_CALLS = 16
# Shorter words stand in rows of anybody.
_TELLING = 8


@dataclass(frozen=True)
class Looked:
    """One look: what it saw of each tenant, or the error that ended it."""

    place: str
    command: str
    state: str
    plan: Plan
    outcome: Outcome
    found: dict[str, bool]


class Reading:
    """Everything that one role reads; judged when all is read, because a look proves something only beside others.

    ``tenants`` are those whose rows are looked for in a relation, ``held`` says which of them have rows there as far as
    that was seen without policies, and ``marks`` are words that stand in rows of one tenant only.
    """

    def __init__(
        self,
        tries: Tries,
        column: str,
        held: Mapping[int, set[str]],
        marks: Mapping[str, set[str]],
        *,
        all_rows: bool,
    ) -> None:
        self.tries = tries
        self.column = column
        self.held = held
        self.marks = marks
        self._longer = {label: _containing(marks, label) for label in marks}
        self.all_rows = all_rows
        self.looked: list[Looked] = []
        self._places: dict[str, int] = {}

    def relation(self, reach: Reach, tenants: Sequence[Tenant], state: str, plan: Plan) -> None:
        """Read a relation by SELECT, and by COPY where its plan makes no difference."""
        access = reach.access[self.tries.role]
        self._places[reach.ident] = reach.oid
        if reach.tenant is None:
            self._shown(reach, state, plan)
            return
        if not access.reads_tenant:
            return
        statement = seen_statement(reach, self.column, tenants, all_rows=self.all_rows)
        outcome = self.tries.run(statement, plan)
        found = dict(outcome.rows[0]) if outcome.rows else {}
        self.looked.append(Looked(reach.ident, "select", state, plan, outcome, found))
        if plan == "custom":
            self._copied(reach, tenants, state, statement)

    def _copied(self, reach: Reach, tenants: Sequence[Tenant], state: str, statement: sql.Composed) -> None:
        labels = [*(tenant.label for tenant in tenants), "others"]
        if reach.kind == "r" and self.all_rows:
            # In this form the server itself turns the table into what its policies let through.
            copied = queries.compose(
                "isolation/try_copy_table", relation=reach.relation, column=sql.Identifier(self.column)
            )
            outcome = self.tries.copy(copied)
            letters = {tenant.value: tenant.label for tenant in tenants}
            # A column of a fixed length is copied with its blanks.
            seen = {letters.get((row["line"][0] or "").rstrip(" "), "others") for row in outcome.rows}
        else:
            outcome = self.tries.copy(queries.compose("isolation/try_copy", statement=statement))
            lines = [row["line"] for row in outcome.rows]
            seen = {label for label, told in zip(labels, lines[0] if lines else (), strict=False) if told == "t"}
        found = {label: label in seen for label in labels}
        self.looked.append(Looked(reach.ident, "copy", state, "custom", outcome, found))

    def _shown(self, reach: Reach, state: str, plan: Plan) -> None:
        """Read a view that has no tenant column: its rows are told by the words in them."""
        outcome = self.tries.run(queries.compose("isolation/try_rows", relation=reach.relation), plan)
        found = self._marked(outcome.rows, ())
        self.looked.append(Looked(reach.ident, "select", state, plan, outcome, found))

    def function(self, function: Function, tenants: Sequence[Tenant], state: str, plan: Plan) -> None:
        """Call a function with every tenant's arguments, as far as they can be told."""
        ways = [list(islice(product(*self._arguments(function, tenant)), _CALLS)) for tenant in tenants]
        name = sql.Identifier(function.schema, function.name)
        found: dict[str, bool] = {tenant.label: False for tenant in tenants}
        last = verdicts.Outcome()
        for values in dict.fromkeys(each for way in ways for each in way):
            given = sql.SQL(", ").join(
                queries.compose("isolation/try_value", value=sql.Literal(told), type=sql.SQL(kind))
                for told, kind in zip(values, function.types, strict=True)
            )
            last = self.tries.run(queries.compose("isolation/try_call", function=name, arguments=given), plan)
            for label, is_seen in self._marked(last.rows, values).items():
                found[label] = found.get(label, False) or is_seen
            if last.unfinished:
                break
        self.looked.append(Looked(function.ident, "call", state, plan, last, found))

    def _arguments(self, function: Function, tenant: Tenant) -> Iterable[tuple[str, ...]]:
        for category, kind in zip(function.categories, function.types, strict=True):
            if kind == "uuid":
                yield tuple(sorted(mark for mark in self.marks[tenant.label] if _is_uuid(mark)))
            else:
                yield (tenant.value,) if category == "S" else ()

    def _marked(self, rows: Iterable[Mapping[str, Any]], given: Iterable[str]) -> dict[str, bool]:
        """Tell of which tenants rows were returned; a word that the call itself was given tells nothing."""
        kept = set(given)
        said = [row["said"] for row in rows]
        return {
            label: any(_says(each, self.column, words - kept, self._longer[label]) for each in said)
            for label, words in self.marks.items()
        }

    def judged(self, role: str) -> Iterable[Cell]:
        """Return what all looks prove, each beside those of the tenants themselves."""
        own = {
            (look.place, look.command, look.state)
            for look in self.looked
            if look.plan == "custom" and look.state not in STATES and look.found.get(look.state)
        }
        for look in self.looked:
            known = look.state not in STATES
            control = self._control(look, own)
            others = any(is_seen for label, is_seen in look.found.items() if label != look.state)
            whole = look.found.get(look.state) and not look.outcome.unfinished
            if look.outcome.error is not None and not others and not whole:
                verdict, reason = verdicts.refused(look.outcome, known=known, control=not control)
            else:
                verdict, reason = verdicts.seen(look.state, look.found, control=control)
            yield Cell(look.place, look.command, look.state, look.plan, role, verdict, reason)

    def _control(self, look: Looked, own: set[tuple[str, str, str]]) -> str:
        """Say why zero rows of others would prove nothing in this look; empty where they prove it."""
        seen = {state for place, command, state in own if (place, command) == (look.place, look.command)}
        there = seen | self.held.get(self._places.get(look.place, 0), set())
        if look.state in STATES:
            return "" if seen else "no tenant sees rows of its own"
        if not look.found.get(look.state):
            return "the tenant does not see rows of its own"
        return "" if there - {look.state} else "no other tenant is known to have rows"


def _containing(marks: Mapping[str, set[str]], label: str) -> list[str]:
    """Return the other tenants' words that hold one of the tenant's, the longest first: they do not say that one."""
    others = {word for other, words in marks.items() if other != label for word in words}
    return sorted((word for word in others if any(each in word for each in marks[label])), key=len, reverse=True)


def _is_uuid(word: str) -> bool:
    return len(word) == 36 and word.count("-") == 4  # noqa: PLR2004 - the text form of a uuid


def _says(said: object, column: str, words: set[str], longer: Sequence[str], key: str = "") -> bool:
    """Tell whether one of the words stands in JSON: as the tenant, or, where it is long enough, within any text.

    What stands there as a part of one of the ``longer`` words, of which the longest is first, does not count.
    """
    if isinstance(said, dict):
        return any(_says(each, column, words, longer, name) for name, each in said.items())
    if isinstance(said, list):
        return any(_says(each, column, words, longer, key) for each in said)
    if said is None:
        return False
    text = str(said).rstrip(" ")
    for word in longer:
        text = text.replace(word, " ")
    return (key == column and text in words) or any(len(word) >= _TELLING and word in text for word in words)
