"""Constraints that disclose rows of other tenants: the server checks them without row-level security."""

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
    """The attempts of a role to learn of another tenant's rows by inserting rows of its own tenant."""

    def __init__(self, role_session: RoleSession, seeder: RowSeeder) -> None:
        self.role_session = role_session
        self.seeder = seeder

    def attempts(self, relation: TenantRelation, own: ProbeTenant, target: ProbeTenant) -> Iterable[Attempt]:
        """Yield what each unique key and each foreign key without the tenant column discloses."""
        role = self.role_session.role
        if not relation.access[role].inserts:
            return
        template, row = self.seeder.templates[relation.oid], self.seeder.rows[relation.oid, target.value]
        for key in (*template.keys, *template.loose):
            # The columns of a loose key may be those of its condition, and NULL.
            given = {name: row[name] for name in key.columns if key in template.keys or row[name] is not None}
            if self._guessed(template, key) and self._sayable(template, given):
                yield Attempt(
                    _place(relation, key), "key", own.label, "custom", role, *self._taken(relation, own, given)
                )
        for rule in template.foreign:
            parent = self.seeder.rows.get((rule.parent, target.value))
            if parent is not None and self._hidden(template, rule):
                given = {name: parent[its] for name, its in zip(rule.columns, rule.parent_columns, strict=True)}
                if self._sayable(template, given):
                    yield Attempt(
                        _place(relation, rule), "refer", own.label, "custom", role, *self._there(relation, own, given)
                    )

    def _guessed(self, template: RowTemplate, key: ColumnConstraint) -> bool:
        """Return whether somebody could guess a key: it has no tenant column, and does not begin with a random id."""
        leading = key.columns[:1] if key in template.keys else key.columns
        random = not leading or any(template.columns[name].type == "uuid" for name in leading)
        bound = {name for rule in template.foreign for name in rule.columns}
        return self.seeder.column not in key.columns and not random and not bound & set(key.columns)

    def _hidden(self, template: RowTemplate, rule: ColumnConstraint) -> bool:
        """Return whether a foreign key refers to rows of tenants without the tenant column."""
        parent = self.seeder.templates[rule.parent]
        return (
            self.seeder.column in parent.columns and self.seeder.column not in rule.columns and parent is not template
        )

    def _sayable(self, template: RowTemplate, given: Row) -> bool:
        """Return whether the role may insert all of these values itself."""
        columns = [template.columns[name] for name in given]
        free = all(self.role_session.role in column.inserters and not column.fixed for column in columns)
        return free and bool(given) and None not in given.values()

    def _insert(self, relation: TenantRelation, own: ProbeTenant, given: Row) -> verdicts.StatementResult:
        row = {**self.seeder.fresh(relation.oid, own.value, self.role_session.role), **given}
        parts: dict[str, sql.Composable] = {
            "relation": relation.identifier,
            "columns": sql.SQL(", ").join(map(sql.Identifier, row)),
            "values": sql.SQL(", ").join(map(sql.Literal, row.values())),
        }
        return self.role_session.run(queries.compose("isolation/probe/write_attempts/insert", 0, **parts))

    def _taken(self, relation: TenantRelation, own: ProbeTenant, given: Row) -> tuple[Verdict, str]:
        control = self._insert(relation, own, {})
        outcome = self._insert(relation, own, given)
        if outcome.sqlstate in _TAKEN and control.error is None:
            return "leak", f"{outcome.sqlstate}: the refusal discloses that another tenant has this key"
        if outcome.error is None:
            return "isolated", "a key that another tenant has is free"
        return verdicts.judge_refusal(outcome, known=True, control=control.error is None)

    def _there(self, relation: TenantRelation, own: ProbeTenant, given: Row) -> tuple[Verdict, str]:
        outcome = self._insert(relation, own, given)
        if outcome.error is None:
            return "leak", "a row may refer to another tenant's hidden one, which discloses that it exists"
        return verdicts.judge_refusal(outcome, known=True, control=True)


def _place(relation: TenantRelation, rule: ColumnConstraint) -> str:
    return f"{relation.ident} by {rule.name}"
