"""Snapshots of sizes, counters and statements: what growth, trends and checks compare with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from psycopg import sql

from steward import Inconclusive
from steward.actions import workload
from steward.actions.workload import StatementStatistics
from steward.database import inventory, queries
from steward.engine.executor import Statement
from steward.engine.operation import DueSubject, Examination, ExecutionResult, MaintenanceOperation
from steward.record import ledger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steward.database.session import Session
    from steward.engine.executor import RunSettings
    from steward.engine.operation import GatherContext, PlanContext

__all__ = ["SnapshotState", "TakeSnapshot"]

_HISTORIES = {
    "relation_size": "sizes",
    "database_counters": "counters",
    "table_counters": "counters",
    "index_counters": "counters",
    "statement_counters": "statements",
}


@dataclass(frozen=True)
class SnapshotState:
    """The last snapshot: its time (UTC) and age (seconds), None where there is none, and how many rows it has."""

    taken_at: str | None = None
    age: float | None = None
    sizes: int = 0
    tables: int = 0
    indexes: int = 0
    statements: int = 0
    begun_anew: bool = False


class TakeSnapshot(MaintenanceOperation[StatementStatistics, SnapshotState]):
    """One item for the whole database, once the last snapshot is old enough."""

    name = "snapshots"
    argument = "source"
    phase = "prepare"
    heavy = False

    @classmethod
    def gather(cls, context: GatherContext) -> list[dict[str, Any]]:
        """Return the last snapshot, and where statements can be read."""
        return [{**asdict(_last(context.conn)), **asdict(workload.find_extension(context.conn))}]

    @classmethod
    def examine(cls, context: PlanContext) -> Examination[StatementStatistics]:
        """Return the one subject, if a snapshot is due."""
        known = context.scan.gathered[cls.name][0]
        every = context.settings.profile.snapshots.every
        if known["taken_at"] is None:
            why = "there is no snapshot yet"
        else:
            now, last = (datetime.fromisoformat(text) for text in (context.scan.server.taken_at, known["taken_at"]))
            if last <= now < last + every:
                return Examination(1)
            why = f"the last snapshot is of {last:%Y-%m-%d %H:%M} UTC, and one is due every {every}"
        source = StatementStatistics(known["schema"], known["undecided"])
        return Examination(1, (DueSubject(source, why, 1.0, cls.name, "database"),))

    def measure(self) -> SnapshotState:
        """Return what the last snapshot holds."""
        return _last(self.executor.conn)

    def still_due(self) -> bool:
        """Return whether nobody has taken one meanwhile."""
        return (
            self.before.age is None
            or not 0 <= self.before.age < self.executor.settings.profile.snapshots.every.total_seconds()
        )

    def statements(self) -> tuple[Statement, ...]:
        """Return all of them: their number does not depend on the database."""
        return (
            *_taking(self.subject, self.executor.settings, self.executor.server_version),
            *_forgetting(self.executor.settings),
        )

    def execute(self) -> ExecutionResult[SnapshotState]:
        """Record everything at one moment, and forget what is too old.

        Raises:
            Inconclusive: the profile requires statements, and they cannot be read; everything else is recorded.

        """
        ledger.remember_profile(self.executor.conn, self.executor.settings.profile)
        statements = self.statements()
        self.executor.attempt(lambda: [self.executor.execute(statement) for statement in statements])
        if self.subject.undecided and workload.EXTENSION in self.executor.settings.profile.extensions.required:
            raise Inconclusive(f"all is recorded but the statements: {self.subject.undecided}")
        return ExecutionResult(
            {"undecided": self.subject.undecided, "begun_anew": _last(self.executor.conn).begun_anew}
        )


def _last(conn: Session) -> SnapshotState:
    rows = queries.fetch(conn, "snapshots/history/latest")
    return SnapshotState(**rows[0]) if rows else SnapshotState()


def _taking(source: StatementStatistics, settings: RunSettings, server_version: int) -> list[Statement]:
    ours = {"ours": queries.compose("inventory/included", server_version)}
    since = {"counted_since": queries.compose("ledger/counted_since", server_version)}
    within = inventory.scope(settings.profile)
    taking = [
        _statement(queries.compose("snapshots/sizes", server_version)),
        _statement(queries.compose("snapshots/database", server_version, **since)),
        _statement(queries.compose("snapshots/tables", server_version, **ours), within),
        _statement(queries.compose("snapshots/indexes", server_version, **ours), within),
    ]
    if not source.undecided:
        read = workload.statements_query(source)
        params = {
            "top": settings.profile.snapshots.top_statements,
            "ours": workload.maintenance_roles(settings.profile),
        }
        taking.append(_statement(queries.compose("snapshots/statements", server_version, statements=read), params))
    return taking


def _forgetting(settings: RunSettings) -> list[Statement]:
    profile = settings.profile
    keep = {
        "sizes": profile.growth.keep,
        "counters": profile.snapshots.counters,
        "statements": profile.snapshots.statements,
    }
    return [
        _statement(
            queries.compose("snapshots/history/forget", history=sql.Identifier("steward", history)),
            {"keep": keep[kind]},
        )
        for history, kind in _HISTORIES.items()
    ]


def _statement(text: sql.Composed, params: Mapping[str, object] | None = None) -> Statement:
    return Statement(text, "ROW EXCLUSIVE on the suite's own tables", params or {})
