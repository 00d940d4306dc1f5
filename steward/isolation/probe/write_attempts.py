"""What a role writes of each tenant in each state of the setting; every try is undone before the next one."""

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

# Of these the tenant's own rows may be written in any state; of all others none of the target's.
_WHOLE = ("update all", "delete all")
# A row was deleted, and those that refer to it were against it.
_REFERRED = "23503"
_DELETES = ("delete", "delete all")
# Since when MERGE writes through views.
_MERGED_VIEWS = 170000


@dataclass(frozen=True)
class _Write:
    """A statement that aims at a tenant's rows; ``moved``: it makes them that tenant's."""

    command: str
    statement: sql.Composed
    moved: bool = False


@dataclass(frozen=True)
class _WriteResult:
    """A write and what came of it, in a state that is the target's own or another."""

    reach: TenantRelation
    write: _Write
    state: str
    target: str
    plan: Plan
    outcome: StatementResult


class WriteAttempts:
    """Everything that one role writes into the tables where tenants A and B have rows.

    ``counts`` are the rows of each tenant in a table, by its letter. ``whole`` allows statements without a condition.
    """

    def __init__(
        self, tries: RoleSession, seeder: RowSeeder, counts: Mapping[int, Mapping[str, int]], *, whole: bool
    ) -> None:
        self.tries = tries
        self.seeder = seeder
        self.counts = counts
        self.whole = whole
        self._tried: list[_WriteResult] = []
        self._failures: dict[tuple[str, str, str], str] = {}
        self._fresh: dict[tuple[int, str], dict[str, str]] = {}

    def own(self, reach: TenantRelation, tenant: ProbeTenant, plan: Plan) -> None:
        """Do to the tenant's own rows, in its own state, what is tried on them in others': the control."""
        for write in self._writes(reach, tenant, tenant):
            outcome = self.tries.run(write.statement, plan)
            if plan == "custom":
                reached = write.command in _DELETES and outcome.sqlstate == _REFERRED
                self._failures[reach.ident, write.command, tenant.label] = "" if reached else _failure(outcome)
            if write.command in _WHOLE:
                self._tried.append(_WriteResult(reach, write, tenant.label, tenant.label, plan, outcome))

    def other(self, reach: TenantRelation, state: str, own: ProbeTenant, target: ProbeTenant, plan: Plan) -> None:
        """Try to write the target's rows in a state that is not its own."""
        for write in self._writes(reach, own, target):
            outcome = self.tries.run(write.statement, plan)
            self._tried.append(_WriteResult(reach, write, state, target.label, plan, outcome))

    def judged(self) -> Iterable[Attempt]:
        """Return what all tries prove, each beside what the target could do to its own rows."""
        for tried in self._tried:
            verdict, reason = self._judge(tried)
            yield Attempt(
                tried.reach.ident, tried.write.command, tried.state, tried.plan, self.tries.role, verdict, reason
            )

    def _judge(self, tried: _WriteResult) -> tuple[Verdict, str]:
        place = (tried.reach.ident, tried.write.command, tried.target)
        failure = self._failures.get(place, "it was not tried")
        if tried.write.command == "delete" and tried.outcome.sqlstate == _REFERRED:
            return "leak", f"{_REFERRED}: a row that is not the tenant's was reached, and kept by what refers to it"
        if tried.outcome.error is not None:
            return verdicts.refused(tried.outcome, known=tried.state not in STATES, control=not failure)
        if tried.write.command == "truncate":
            return "leak", "all tenants' rows are gone: no policy binds TRUNCATE"
        whole = tried.write.command in _WHOLE and not tried.write.moved
        allowed = self.counts[tried.reach.oid].get(tried.state, 0) if whole else 0
        return verdicts.written(
            tried.outcome, allowed=allowed, control=f"for the tenant itself {failure}" if failure else ""
        )

    def _writes(self, reach: TenantRelation, own: ProbeTenant, target: ProbeTenant) -> Iterable[_Write]:
        """Yield the statements that the role's privileges allow it to try, seen from ``own`` on ``target``'s rows."""
        access = reach.access[self.tries.role]
        shape = self.seeder.shapes[reach.oid]
        column = sql.Identifier(self.seeder.column)
        tenant = sql.Literal(target.value)
        parts: dict[str, sql.Composable] = {"relation": reach.relation, "column": column, "tenant": tenant}
        changed = shape.changed(self.tries.role, self.seeder.column)
        if access.inserts:
            yield _write("insert", {**parts, **self._row(reach, target)})
        if access.updates and changed is not None:
            parts["changed"] = sql.Identifier(changed)
            yield from self._updates(reach, changed, parts, own, target)
            if access.inserts:
                yield from self._upserts(reach, parts, own, target)
            yield from self._merges(reach, parts, target)
        if access.deletes:
            yield _write("delete", parts)
            if self.whole:
                yield _write("delete all", parts)
        if access.truncates and own != target and self.whole:
            yield _write("truncate", parts)

    def _updates(
        self,
        reach: TenantRelation,
        changed: str,
        parts: dict[str, sql.Composable],
        own: ProbeTenant,
        target: ProbeTenant,
    ) -> Iterable[_Write]:
        yield _write("update", parts)
        moves = reach.access[self.tries.role].moves
        assigned = self._moved(reach, target) if moves else self._overwritten(reach, changed, target)
        if moves and own != target:
            yield _write("move", {**parts, "tenant": sql.Literal(own.value), "assigned": assigned})
        if self.whole:
            yield _write("update all", {**parts, "assigned": assigned}, moved=moves and own != target)

    def _overwritten(self, reach: TenantRelation, changed: str, target: ProbeTenant) -> sql.Composed:
        """Compose a constant for a column: what reads the column itself is held by the policies of SELECT as well."""
        return _assigned(changed, self.seeder.made[reach.oid, target.value][changed])

    def _moved(self, reach: TenantRelation, target: ProbeTenant) -> sql.Composed:
        """Compose what makes a row the target's: its tenant, and what refers to the target's parents."""
        shape, column = self.seeder.shapes[reach.oid], self.seeder.column
        given: dict[str, str | None] = {column: target.value}
        for rule in shape.foreign:
            free = all(self.tries.role in shape.columns[name].updaters for name in rule.columns)
            if column in rule.columns and free:
                row = self.seeder.made[reach.oid, target.value]
                given |= {name: row[name] for name in rule.columns if name != column}
        each = [_assigned(name, told) for name, told in given.items() if told is not None]
        return sql.SQL(", ").join(each)

    def _upserts(
        self, reach: TenantRelation, parts: dict[str, sql.Composable], own: ProbeTenant, target: ProbeTenant
    ) -> Iterable[_Write]:
        """Yield an upsert that meets the target's row by its key, as the own tenant where the key does not hold it."""
        shape, row = self.seeder.shapes[reach.oid], self.seeder.made[reach.oid, target.value]
        keys = [key for key in shape.keys if all(row[name] is not None for name in key.columns)]
        if not keys:
            return
        key = min(keys, key=lambda each: (self.seeder.column in each.columns, each.name))
        given = {name: row[name] for name in self._fresh_row(reach, target)} | {name: row[name] for name in key.columns}
        given[self.seeder.column] = own.value if self.seeder.column not in key.columns else target.value
        names = sql.SQL(", ").join(map(sql.Identifier, key.columns))
        yield _write("upsert", {**parts, **_values(given), "key": names})

    def _merges(self, reach: TenantRelation, parts: dict[str, sql.Composable], target: ProbeTenant) -> Iterable[_Write]:
        version = self.tries.version
        if reach.kind == "v" and version < _MERGED_VIEWS:
            return
        # A server before 15 has no MERGE, and there is no statement for it.
        with suppress(QueryError):
            if reach.access[self.tries.role].inserts:
                yield _Write(
                    "merge", queries.compose("isolation/try_merge", version, **parts, **self._row(reach, target))
                )
            else:
                yield _Write("merge", queries.compose("isolation/try_merge_matched", version, **parts))

    def _row(self, reach: TenantRelation, tenant: ProbeTenant) -> dict[str, sql.Composable]:
        return _values(self._fresh_row(reach, tenant))

    def _fresh_row(self, reach: TenantRelation, tenant: ProbeTenant) -> dict[str, str]:
        """Return the row that is inserted: the same at every try, so that a prepared statement is the same, too."""
        key = (reach.oid, tenant.value)
        if key not in self._fresh:
            self._fresh[key] = self.seeder.fresh(reach.oid, tenant.value, self.tries.role)
        return self._fresh[key]


def _failure(outcome: StatementResult) -> str:
    """Say why a statement did not work for the tenant itself; empty where it did."""
    if outcome.error is not None:
        return f"it ended in {outcome.told}"
    return "" if outcome.count else "it reached no row"


def _write(command: str, parts: Mapping[str, sql.Composable], *, moved: bool = False) -> _Write:
    name = {
        "insert": "isolation/try_insert",
        "update": "isolation/try_update",
        "update all": "isolation/try_update_all",
        "move": "isolation/try_move",
        "delete": "isolation/try_delete",
        "delete all": "isolation/try_delete_all",
        "upsert": "isolation/try_upsert",
        "truncate": "isolation/try_truncate",
    }[command]
    return _Write(command, queries.compose(name, 0, **parts), moved)


def _assigned(column: str, told: str | None) -> sql.Composed:
    """Compose what a column becomes."""
    return queries.compose("isolation/try_assign", 0, changed=sql.Identifier(column), value=sql.Literal(told))


def _values(row: Mapping[str, str | None]) -> dict[str, sql.Composable]:
    return {
        "columns": sql.SQL(", ").join(map(sql.Identifier, row)),
        "values": sql.SQL(", ").join(map(sql.Literal, row.values())),
    }
