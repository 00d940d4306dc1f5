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
from steward.engine.action import DueSubject, Examination, MaintenanceOperation, Statement
from steward.record import ledger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steward.database.inventory import Scan
    from steward.database.session import Session
    from steward.engine.action import Executor, RunSettings

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
    subject = "source"
    phase = "prepare"
    heavy = False

    def gather(self, conn: Session, settings: RunSettings, scan: Scan) -> list[dict[str, Any]]:  # noqa: ARG002
        """Return the last snapshot, and where statements can be read."""
        return [{**asdict(_last(conn)), **asdict(workload.find(conn))}]

    def examine(self, scan: Scan, settings: RunSettings) -> Examination[StatementStatistics]:
        """Return the one subject, if a snapshot is due."""
        known = scan.gathered[self.name][0]
        every = settings.profile.snapshots.every
        if known["taken_at"] is None:
            why = "there is no snapshot yet"
        else:
            now, last = (datetime.fromisoformat(text) for text in (scan.server.taken_at, known["taken_at"]))
            if last <= now < last + every:
                return Examination(1)
            why = f"the last snapshot is of {last:%Y-%m-%d %H:%M} UTC, and one is due every {every}"
        source = StatementStatistics(known["schema"], known["undecided"])
        return Examination(1, (DueSubject(source, why, 1.0, self.name, "database"),))

    def measure(self, work: Executor, subject: StatementStatistics) -> SnapshotState:  # noqa: ARG002
        """Read what the last snapshot holds."""
        return _last(work.conn)

    def still_due(self, before: SnapshotState, subject: StatementStatistics, settings: RunSettings) -> bool:  # noqa: ARG002
        """Tell whether nobody has taken one in between."""
        return before.age is None or not 0 <= before.age < settings.profile.snapshots.every.total_seconds()

    def statements(
        self, subject: StatementStatistics, settings: RunSettings, server_version: int
    ) -> tuple[Statement, ...]:
        """Return all of them: their number depends on nothing that stands in the database."""
        return (*_taking(subject, settings, server_version), *_forgetting(settings))

    def execute(self, work: Executor, subject: StatementStatistics, before: SnapshotState) -> Mapping[str, object]:  # noqa: ARG002
        """Record everything at one moment, and forget what is too old.

        Raises:
            Inconclusive: the profile requires statements, and they cannot be read; everything else is recorded.

        """
        ledger.remember_profile(work.conn, work.settings.profile)
        statements = self.statements(subject, work.settings, work.server_version)
        work.attempt(lambda: [work.execute(statement) for statement in statements])
        if subject.undecided and workload.EXTENSION in work.settings.profile.extensions.required:
            raise Inconclusive(f"all is recorded but the statements: {subject.undecided}")
        return {"undecided": subject.undecided, "begun_anew": _last(work.conn).begun_anew}

    def relations(self, subject: StatementStatistics) -> Sequence[int]:  # noqa: ARG002
        """Return none: nothing of the application's is locked."""
        return ()


def _last(conn: Session) -> SnapshotState:
    rows = queries.fetch(conn, "snapshots/last")
    return SnapshotState(**rows[0]) if rows else SnapshotState()


def _taking(source: StatementStatistics, settings: RunSettings, server_version: int) -> list[Statement]:
    ours = {"ours": queries.compose("inventory/ours", server_version)}
    since = {"counted_since": queries.compose("ledger/counted_since", server_version)}
    within = inventory.scope(settings.profile)
    taking = [
        _statement(queries.compose("snapshots/sizes", server_version)),
        _statement(queries.compose("snapshots/database", server_version, **since)),
        _statement(queries.compose("snapshots/tables", server_version, **ours), within),
        _statement(queries.compose("snapshots/indexes", server_version, **ours), within),
    ]
    if not source.undecided:
        read = workload.statements(source)
        params = {"top": settings.profile.snapshots.top_statements, "ours": workload.ours(settings.profile)}
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
            queries.compose("snapshots/forget", history=sql.Identifier("steward", history)), {"keep": keep[kind]}
        )
        for history, kind in _HISTORIES.items()
    ]


def _statement(text: sql.Composed, params: Mapping[str, object] | None = None) -> Statement:
    return Statement(text, "ROW EXCLUSIVE on the suite's own tables", params or {})
