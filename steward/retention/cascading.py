"""Effects beyond the rows of a rule: cascades through foreign keys, triggers, rewrite rules."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from steward.database import queries
from steward.retention import legal_holds
from steward.retention.legal_holds import HeldTable, RefusalError
from steward.retention.predicate import all_of, any_of, equal, split_name, unused_alias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steward.database.session import Session
    from steward.profile import RetentionRule
    from steward.retention.legal_holds import Hold
    from steward.retention.predicate import Bindings

__all__ = ["Cascade", "Trigger", "follows_clause", "held_through", "read", "require_allowed", "require_valid_holds"]


@dataclass(frozen=True)
class Cascade:
    """A foreign key on the way from the rule's table: what happens to the child's rows when the parent's go.

    ``path`` are the constraints' oids from the rule's table on, ``parent`` the path before it. ``oid``, ``ident`` and
    ``family`` are those of the child's topmost parent, ``schema`` and ``name`` the table that has the key.
    """

    path: Sequence[int]
    parent: Sequence[int]
    constraint_name: str
    effect: str
    cyclic: bool
    oid: int
    ident: str
    family: Sequence[int]
    schema: str
    name: str
    child_columns: Sequence[str]
    parent_columns: Sequence[str]
    columns: Mapping[str, str]

    @property
    def table(self) -> HeldTable:
        """The child as holds see it."""
        return HeldTable(self.oid, self.schema, self.name, self.family, self.columns)


@dataclass(frozen=True)
class Trigger:
    """A trigger (row or statement) or rewrite rule that a delete or update would set off."""

    name: str
    event: str
    level: str
    calls: str


def read(conn: Session, rule: RetentionRule, relation: int) -> tuple[tuple[Cascade, ...], tuple[Trigger, ...]]:
    """Return what follows when the rule acts on the relation, from the catalog."""
    changed = sorted({*rule.set, *rule.set_now})
    found = queries.fetch(conn, "retention/cascades", {"relation": relation, "columns": changed})
    cascades = tuple(Cascade(**row) for row in found)
    affected: list[tuple[int, str, list[str]]] = [(relation, rule.action, changed)]
    for cascade in cascades:
        event = "delete" if cascade.effect == "cascade" and rule.action == "delete" else "update"
        affected.append((cascade.oid, event, list(cascade.child_columns)))
    parameters = {
        "relations": [oid for oid, _, _ in affected],
        "events": [event for _, event, _ in affected],
        "columns": [json.dumps(columns) for _, _, columns in affected],
    }
    return cascades, tuple(Trigger(**row) for row in queries.fetch(conn, "retention/triggers", parameters))


def require_allowed(
    name: str,
    rule: RetentionRule,
    cascades: Sequence[Cascade],
    triggers: Sequence[Trigger],
    counts: Mapping[str, int],
) -> None:
    """Refuse effects beyond the rule that the profile does not allow.

    Raises:
        RefusalError: which tables and triggers, with the number of rows, and the keys that would allow them.

    """
    allowed = {split_name(name) for name in rule.allow_cascades}
    tables = sorted({cascade.ident for cascade in cascades if split_name(cascade.ident) not in allowed})
    effects = [
        f"{counts.get(table, 'an unknown number of')} rows of {table} would follow by foreign key" for table in tables
    ]
    fired = [trigger for trigger in triggers if trigger.name not in rule.allow_triggers]
    effects += [
        f"{fired_trigger.level} {fired_trigger.name} would act on {fired_trigger.event}" for fired_trigger in fired
    ]
    if not effects:
        return
    keys = [f"allow_cascades = {json.dumps(tables)}"] if tables else []
    keys += [f"allow_triggers = {json.dumps(sorted({fired_trigger.name for fired_trigger in fired}))}"] if fired else []
    raise RefusalError(
        f"retention.rules.{name}",
        f"refused, since it would do more than it says: {'; '.join(effects)}",
        f"nothing was changed; where that is meant, set {' and '.join(keys)} in the profile",
    )


def require_valid_holds(conn: Session, found: Sequence[Hold], cascades: Sequence[Cascade]) -> None:
    """Compile the holds on tables that a cascade reaches.

    Raises:
        RefusalError: a hold does not fit its table, or cannot be followed through a cycle of foreign keys.

    """
    for cascade in cascades:
        legal_holds.require_valid(conn, found, cascade.table)
    cycle = next((cascade for cascade in cascades if cascade.cyclic), None)
    if cycle and any(legal_holds.covering(found, cascade.family) for cascade in cascades):
        raise RefusalError(
            f"{cycle.ident}: foreign key {cycle.constraint_name}",
            "rows on hold cannot be found through a cycle of cascades",
            "end the holds or break the cycle; nothing that reaches it is deleted meanwhile",
        )


def held_through(
    cascades: Sequence[Cascade], found: Sequence[Hold], row: str, values: Bindings, path: Sequence[int] = ()
) -> list[sql.Composable]:
    """Return the clauses that ``row`` has a held row below it, which a cascade would touch."""
    clauses: list[sql.Composable] = []
    for cascade in cascades:
        if list(cascade.parent) != list(path):
            continue
        child_clauses = held_through(cascades, found, cascade.name, values, cascade.path)
        kept = [*legal_holds.clause(found, cascade.table, values), *child_clauses]
        if kept:
            clauses.append(_above(cascade, row, any_of(kept)))
    return clauses


def _above(cascade: Cascade, row: str, kept: sql.Composable) -> sql.Composable:
    """Return the clause that ``row`` has a held child; the hold's text sees its own table alone, under its own name."""
    other = unused_alias("held", [row])
    table, name = sql.Identifier(cascade.schema, cascade.name), sql.Identifier(cascade.name)
    pairs = all_of(equal(other, cascade.child_columns, row, cascade.parent_columns))
    rows = queries.compose("retention/clauses/rows", table=table, row=name, clause=kept)
    return queries.compose("retention/clauses/exists_row", table=rows, other=sql.Identifier(other), clause=pairs)


def follows_clause(
    cascade: Cascade,
    cascades: Sequence[Cascade],
    other: str,
    top: tuple[sql.Identifier, str, sql.Composable],
) -> sql.Composable:
    """Return the clause that a row of the cascade's child, known as ``other``, goes with the rule's rows.

    ``top`` is the rule's table, its alias, and the clause that a row of it goes.
    """
    if not cascade.parent:
        table, row, goes = top
        pairs = equal(other, cascade.child_columns, row, cascade.parent_columns)
        return queries.compose(
            "retention/clauses/exists_row", table=table, other=sql.Identifier(row), clause=all_of([*pairs, goes])
        )
    parent = next(cascade_above for cascade_above in cascades if list(cascade_above.path) == list(cascade.parent))
    above = unused_alias("follower", [other, top[1]])
    pairs = equal(other, cascade.child_columns, above, cascade.parent_columns)
    beyond = follows_clause(parent, cascades, above, top)
    return queries.compose(
        "retention/clauses/exists_row",
        table=sql.Identifier(parent.schema, parent.name),
        other=sql.Identifier(above),
        clause=all_of([*pairs, beyond]),
    )
