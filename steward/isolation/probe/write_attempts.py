"""The writes of a role in each state of the setting; each is rolled back before the next one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from steward import QueryError
from steward.database import queries
from steward.isolation.probe import verdicts
from steward.isolation.probe.matrix import Attempt
from steward.isolation.probe.role_session import STATES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from steward.isolation.probe.matrix import Verdict
    from steward.isolation.probe.role_session import Plan, RoleSession
    from steward.isolation.probe.row_seeder import RowSeeder
    from steward.isolation.probe.surface import TenantRelation
    from steward.isolation.probe.tenants import ProbeTenant
    from steward.isolation.probe.verdicts import StatementResult

__all__ = ["WriteAttempts"]

# These commands may write the tenant's own rows in any state; all others no row of the target.
_WHOLE = ("update all", "delete all")
# A DELETE reached a row, and a foreign key refused it.
_REFERRED = "23503"
_DELETES = ("delete", "delete all")
# The first server on which MERGE writes through views.
_MERGED_VIEWS = 170000


@dataclass(frozen=True)
class _Write:
    """A statement on a tenant's rows; ``moved``: it assigns the rows to that tenant."""

    command: str
    statement: sql.Composed
    moved: bool = False


@dataclass(frozen=True)
class _WriteResult:
    """A write and its result, in a state that is the target's own or another."""

    relation: TenantRelation
    write: _Write
    state: str
    target: str
    plan: Plan
    outcome: StatementResult


class WriteAttempts:
    """All writes of one role into the tables where tenants A and B have rows.

    ``counts`` are the rows of each tenant in a table, by its letter. ``whole`` allows statements without a condition.
    """

    def __init__(
        self, role_session: RoleSession, seeder: RowSeeder, counts: Mapping[int, Mapping[str, int]], *, whole: bool
    ) -> None:
        self.role_session = role_session
        self.seeder = seeder
        self.counts = counts
        self.whole = whole
        self._tried: list[_WriteResult] = []
        self._failures: dict[tuple[str, str, str], str] = {}
        self._fresh: dict[tuple[int, str], dict[str, str]] = {}

    def write_own(self, relation: TenantRelation, tenant: ProbeTenant, plan: Plan) -> None:
        """Write the tenant's own rows in its own state: the control for the attempts in other states."""
        for write in self._writes(relation, tenant, tenant):
            outcome = self.role_session.run(write.statement, plan)
            if plan == "custom":
                reached = write.command in _DELETES and outcome.sqlstate == _REFERRED
                self._failures[relation.ident, write.command, tenant.label] = "" if reached else _failure(outcome)
            if write.command in _WHOLE:
                self._tried.append(_WriteResult(relation, write, tenant.label, tenant.label, plan, outcome))

    def write_other(
        self, relation: TenantRelation, state: str, own: ProbeTenant, target: ProbeTenant, plan: Plan
    ) -> None:
        """Try to write the target's rows in a state that is not its own."""
        for write in self._writes(relation, own, target):
            outcome = self.role_session.run(write.statement, plan)
            self._tried.append(_WriteResult(relation, write, state, target.label, plan, outcome))

    def attempts(self) -> Iterable[Attempt]:
        """Return what all writes prove, each beside the same write of the target on its own rows."""
        for tried in self._tried:
            verdict, reason = self._judge(tried)
            yield Attempt(
                tried.relation.ident,
                tried.write.command,
                tried.state,
                tried.plan,
                self.role_session.role,
                verdict,
                reason,
            )

    def _judge(self, tried: _WriteResult) -> tuple[Verdict, str]:
        place = (tried.relation.ident, tried.write.command, tried.target)
        failure = self._failures.get(place, "it was not tried")
        if tried.write.command == "delete" and tried.outcome.sqlstate == _REFERRED:
            return "leak", f"{_REFERRED}: a row that is not the tenant's was reached, and kept by what refers to it"
        if tried.outcome.error is not None:
            return verdicts.judge_refusal(tried.outcome, known=tried.state not in STATES, control=not failure)
        if tried.write.command == "truncate":
            return "leak", "all tenants' rows are gone: no policy binds TRUNCATE"
        whole = tried.write.command in _WHOLE and not tried.write.moved
        allowed = self.counts[tried.relation.oid].get(tried.state, 0) if whole else 0
        return verdicts.judge_write(
            tried.outcome, allowed=allowed, control=f"for the tenant itself {failure}" if failure else ""
        )

    def _writes(self, relation: TenantRelation, own: ProbeTenant, target: ProbeTenant) -> Iterable[_Write]:
        """Yield the statements on ``target``'s rows that the role's privileges allow, in the state of ``own``."""
        access = relation.access[self.role_session.role]
        template = self.seeder.templates[relation.oid]
        column = sql.Identifier(self.seeder.column)
        tenant = sql.Literal(target.value)
        parts: dict[str, sql.Composable] = {"relation": relation.identifier, "column": column, "tenant": tenant}
        changed = template.changed(self.role_session.role, self.seeder.column)
        if access.inserts:
            yield _write("insert", {**parts, **self._row(relation, target)})
        if access.updates and changed is not None:
            parts["changed"] = sql.Identifier(changed)
            yield from self._updates(relation, changed, parts, own, target)
            if access.inserts:
                yield from self._upserts(relation, parts, own, target)
            yield from self._merges(relation, parts, target)
        if access.deletes:
            yield _write("delete", parts)
            if self.whole:
                yield _write("delete all", parts)
        if access.truncates and own != target and self.whole:
            yield _write("truncate", parts)

    def _updates(
        self,
        relation: TenantRelation,
        changed: str,
        parts: dict[str, sql.Composable],
        own: ProbeTenant,
        target: ProbeTenant,
    ) -> Iterable[_Write]:
        yield _write("update", parts)
        moves = relation.access[self.role_session.role].moves
        assigned = self._moved(relation, target) if moves else self._overwritten(relation, changed, target)
        if moves and own != target:
            yield _write("move", {**parts, "tenant": sql.Literal(own.value), "assigned": assigned})
        if self.whole:
            yield _write("update all", {**parts, "assigned": assigned}, moved=moves and own != target)

    def _overwritten(self, relation: TenantRelation, changed: str, target: ProbeTenant) -> sql.Composed:
        """Compose a constant for a column: if it read the column, the policies of SELECT would apply as well."""
        return _assigned(changed, self.seeder.rows[relation.oid, target.value][changed])

    def _moved(self, relation: TenantRelation, target: ProbeTenant) -> sql.Composed:
        """Compose the assignments that give a row to the target: its tenant, and references to its parents."""
        template, column = self.seeder.templates[relation.oid], self.seeder.column
        given: dict[str, str | None] = {column: target.value}
        for rule in template.foreign:
            free = all(self.role_session.role in template.columns[name].updaters for name in rule.columns)
            if column in rule.columns and free:
                row = self.seeder.rows[relation.oid, target.value]
                given |= {name: row[name] for name in rule.columns if name != column}
        assignments = [_assigned(name, value) for name, value in given.items() if value is not None]
        return sql.SQL(", ").join(assignments)

    def _upserts(
        self, relation: TenantRelation, parts: dict[str, sql.Composable], own: ProbeTenant, target: ProbeTenant
    ) -> Iterable[_Write]:
        """Yield an upsert that conflicts with the target's row; of the own tenant where the key has none."""
        template, row = self.seeder.templates[relation.oid], self.seeder.rows[relation.oid, target.value]
        keys = [key for key in template.keys if all(row[name] is not None for name in key.columns)]
        if not keys:
            return
        key = min(keys, key=lambda key: (self.seeder.column in key.columns, key.name))
        given = {name: row[name] for name in self._fresh_row(relation, target)} | {
            name: row[name] for name in key.columns
        }
        given[self.seeder.column] = own.value if self.seeder.column not in key.columns else target.value
        names = sql.SQL(", ").join(map(sql.Identifier, key.columns))
        yield _write("upsert", {**parts, **_values(given), "key": names})

    def _merges(
        self, relation: TenantRelation, parts: dict[str, sql.Composable], target: ProbeTenant
    ) -> Iterable[_Write]:
        version = self.role_session.version
        if relation.kind == "v" and version < _MERGED_VIEWS:
            return
        # There is no statement for a server before 15, which has no MERGE.
        with suppress(QueryError):
            if relation.access[self.role_session.role].inserts:
                yield _Write(
                    "merge",
                    queries.compose(
                        "isolation/probe/write_attempts/merge", version, **parts, **self._row(relation, target)
                    ),
                )
            else:
                yield _Write("merge", queries.compose("isolation/probe/write_attempts/merge_matched", version, **parts))

    def _row(self, relation: TenantRelation, tenant: ProbeTenant) -> dict[str, sql.Composable]:
        return _values(self._fresh_row(relation, tenant))

    def _fresh_row(self, relation: TenantRelation, tenant: ProbeTenant) -> dict[str, str]:
        """Return the row to insert: always the same, so that a prepared statement stays the same."""
        key = (relation.oid, tenant.value)
        if key not in self._fresh:
            self._fresh[key] = self.seeder.fresh(relation.oid, tenant.value, self.role_session.role)
        return self._fresh[key]


def _failure(outcome: StatementResult) -> str:
    """Return why a statement did not work for the tenant itself; empty where it did."""
    if outcome.error is not None:
        return f"it ended in {outcome.description}"
    return "" if outcome.count else "it reached no row"


def _write(command: str, parts: Mapping[str, sql.Composable], *, moved: bool = False) -> _Write:
    name = {
        "insert": "isolation/probe/write_attempts/insert",
        "update": "isolation/probe/write_attempts/update",
        "update all": "isolation/probe/write_attempts/update_all",
        "move": "isolation/probe/write_attempts/move",
        "delete": "isolation/probe/write_attempts/delete",
        "delete all": "isolation/probe/write_attempts/delete_all",
        "upsert": "isolation/probe/write_attempts/upsert",
        "truncate": "isolation/probe/write_attempts/truncate",
    }[command]
    return _Write(command, queries.compose(name, 0, **parts), moved)


def _assigned(column: str, value: str | None) -> sql.Composed:
    """Compose the assignment of a column."""
    return queries.compose(
        "isolation/probe/write_attempts/assignment", 0, changed=sql.Identifier(column), value=sql.Literal(value)
    )


def _values(row: Mapping[str, str | None]) -> dict[str, sql.Composable]:
    return {
        "columns": sql.SQL(", ").join(map(sql.Identifier, row)),
        "values": sql.SQL(", ").join(map(sql.Literal, row.values())),
    }
