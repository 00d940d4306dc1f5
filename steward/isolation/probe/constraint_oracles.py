"""What constraints tell of other tenants' rows: they look past row-level security, and say taken, or there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from steward.database import queries
from steward.isolation.probe import verdicts
from steward.isolation.probe.matrix import Attempt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steward.isolation.probe.matrix import Verdict
    from steward.isolation.probe.role_session import RoleSession
    from steward.isolation.probe.row_seeder import Row, RowSeeder
    from steward.isolation.probe.row_templates import ColumnConstraint, RowTemplate
    from steward.isolation.probe.surface import TenantRelation
    from steward.isolation.probe.tenants import ProbeTenant

__all__ = ["ConstraintOracles"]

_TAKEN = ("23505", "23P01")


class ConstraintOracles:
    """What a role learns of another tenant's rows by inserting rows of the tenant that it is in."""

    def __init__(self, tries: RoleSession, seeder: RowSeeder) -> None:
        self.tries = tries
        self.seeder = seeder

    def ask(self, reach: TenantRelation, own: ProbeTenant, target: ProbeTenant) -> Iterable[Attempt]:
        """Yield what each unique key and each foreign key without the tenant column tells."""
        role = self.tries.role
        if not reach.access[role].inserts:
            return
        shape, row = self.seeder.shapes[reach.oid], self.seeder.made[reach.oid, target.value]
        for key in (*shape.keys, *shape.loose):
            # The columns of a loose key may be those of its condition, and NULL.
            given = {name: row[name] for name in key.columns if key in shape.keys or row[name] is not None}
            if self._guessed(shape, key) and self._sayable(shape, given):
                yield Attempt(_place(reach, key), "key", own.label, "custom", role, *self._taken(reach, own, given))
        for rule in shape.foreign:
            parent = self.seeder.made.get((rule.parent, target.value))
            if parent is not None and self._hidden(shape, rule):
                given = {name: parent[its] for name, its in zip(rule.columns, rule.parent_columns, strict=True)}
                if self._sayable(shape, given):
                    yield Attempt(
                        _place(reach, rule), "refer", own.label, "custom", role, *self._there(reach, own, given)
                    )

    def _guessed(self, shape: RowTemplate, key: ColumnConstraint) -> bool:
        """Tell whether a key is one that somebody could guess: without the tenant, and not led by a random id."""
        leading = key.columns[:1] if key in shape.keys else key.columns
        random = not leading or any(shape.columns[name].type == "uuid" for name in leading)
        bound = {name for rule in shape.foreign for name in rule.columns}
        return self.seeder.column not in key.columns and not random and not bound & set(key.columns)

    def _hidden(self, shape: RowTemplate, rule: ColumnConstraint) -> bool:
        """Tell whether a foreign key leads to rows of tenants without asking whose they are."""
        parent = self.seeder.shapes[rule.parent]
        return self.seeder.column in parent.columns and self.seeder.column not in rule.columns and parent is not shape

    def _sayable(self, shape: RowTemplate, given: Row) -> bool:
        """Tell whether the role may say all of these values itself."""
        columns = [shape.columns[name] for name in given]
        free = all(self.tries.role in column.inserters and not column.fixed for column in columns)
        return free and bool(given) and None not in given.values()

    def _insert(self, reach: TenantRelation, own: ProbeTenant, given: Row) -> verdicts.StatementResult:
        row = {**self.seeder.fresh(reach.oid, own.value, self.tries.role), **given}
        parts: dict[str, sql.Composable] = {
            "relation": reach.relation,
            "columns": sql.SQL(", ").join(map(sql.Identifier, row)),
            "values": sql.SQL(", ").join(map(sql.Literal, row.values())),
        }
        return self.tries.run(queries.compose("isolation/try_insert", 0, **parts))

    def _taken(self, reach: TenantRelation, own: ProbeTenant, given: Row) -> tuple[Verdict, str]:
        control = self._insert(reach, own, {})
        outcome = self._insert(reach, own, given)
        if outcome.sqlstate in _TAKEN and control.error is None:
            return "leak", f"{outcome.sqlstate}: it is told that another tenant has this key"
        if outcome.error is None:
            return "isolated", "a key that another tenant has is free"
        return verdicts.refused(outcome, known=True, control=control.error is None)

    def _there(self, reach: TenantRelation, own: ProbeTenant, given: Row) -> tuple[Verdict, str]:
        outcome = self._insert(reach, own, given)
        if outcome.error is None:
            return "leak", "a row may refer to another tenant's hidden one, which tells that it is there"
        return verdicts.refused(outcome, known=True, control=True)


def _place(reach: TenantRelation, rule: ColumnConstraint) -> str:
    return f"{reach.ident} by {rule.name}"
