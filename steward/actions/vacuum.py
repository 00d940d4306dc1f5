"""VACUUM of what needs it: by the server's own trigger, the profile's, ages, and closed partitions once."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from psycopg import sql

from steward import Busy, Inconclusive, NotNeeded
from steward.actions import server_notices, vacuum_thresholds
from steward.actions.vacuum_thresholds import TableCounters
from steward.database import queries
from steward.engine.action import EXPECTED, DueSubject, Examination, MaintenanceOperation, Statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steward.actions.vacuum_thresholds import VacuumLimits
    from steward.database.inventory import Relation, Scan
    from steward.database.session import Session
    from steward.engine.action import Executor, RunSettings

__all__ = ["Vacuum", "VacuumNeed", "VacuumState"]

# Before 15 counters go to the statistics collector and come back in a file that may be half a second old.
_NOTED_WITHIN = 5.0


@dataclass(frozen=True)
class VacuumNeed:
    """A table that needs VACUUM; ``closed``: its time is over and it is frozen once; ``urgent``: never deferred."""

    oid: int
    schema: str
    name: str
    ident: str
    limits: VacuumLimits
    freeze: bool
    closed: bool
    urgent: bool


@dataclass(frozen=True)
class VacuumState:
    """What VACUUM is to change; ages in transactions and multixacts, ``horizon`` says who holds dead rows back."""

    live_rows: int
    dead_rows: int
    dead_ratio: float
    inserted_rows: int
    counted: bool
    vacuums: int
    last_vacuum: str | None
    pages: int
    unfrozen_pages: int | None
    xid_age: int
    mxid_age: int
    horizon: str
    held_long: bool


class Vacuum(MaintenanceOperation[VacuumNeed, VacuumState]):
    """VACUUM of tables, leaves and materialized views; partitioned parents hold no rows of their own."""

    name = "vacuum"
    subject = "table"
    phase = "tables"

    def gather(self, conn: Session, settings: RunSettings, scan: Scan) -> list[dict[str, Any]]:  # noqa: ARG002
        """Return the partitions that were frozen when their time was over."""
        return queries.fetch(conn, "maintenance/vacuum_frozen")

    def examine(self, scan: Scan, settings: RunSettings) -> Examination[VacuumNeed]:
        """Return the tables that need it; those only to be frozen once are the cheapest, so that they come last."""
        tables = [relation for relation in scan.relations if relation.kind in "rm"]
        closed = vacuum_thresholds.closed(scan, settings) if settings.profile.vacuum.closed_partitions else frozenset()
        expected = {row["oid"]: row["dead_rows"] for row in scan.gathered.get(EXPECTED, [])}
        due = [
            _due(table, scan, settings, closed=table.oid in closed, expected=expected.get(table.oid, 0))
            for table in tables
        ]
        return Examination(len(tables), tuple(each for each in due if each is not None))

    def measure(self, work: Executor, subject: VacuumNeed) -> VacuumState:
        """Read the server's counters and ages, and who holds the horizon.

        Raises:
            Inconclusive: the server counts nothing, so no effect could be seen.
            NotNeeded: the table is gone.

        """
        pages = queries.compose("inventory/frozen_pages", work.server_version)
        rows = queries.fetch(work.conn, "maintenance/vacuum_measure", {"oid": subject.oid}, frozen_pages=pages)
        if not rows:
            raise NotNeeded(f"{subject.ident} is gone")
        if not rows[0].pop("counting"):
            raise Inconclusive("track_counts is off: the server counts no rows and notes no vacuum; turn it on")
        age = {"horizon_age": work.settings.profile.wraparound.horizon_age}
        holders = queries.fetch(work.conn, "maintenance/vacuum_horizon", age)
        return VacuumState(**rows[0], horizon=_told(holders), held_long=any(holder["long"] for holder in holders))

    def still_due(self, before: VacuumState, subject: VacuumNeed, settings: RunSettings) -> bool:  # noqa: ARG002
        """Compare with the limits again: autovacuum may have been there."""
        counters = TableCounters(
            before.dead_rows, before.inserted_rows, not before.counted, before.xid_age, before.mxid_age
        )
        return subject.closed or bool(vacuum_thresholds.reasons(counters, subject.limits))

    def statements(self, subject: VacuumNeed, settings: RunSettings, server_version: int) -> tuple[Statement, ...]:
        """Return the one VACUUM; the database's own ages are only advanced where ages are the reason."""
        composed = queries.compose(
            "maintenance/vacuum",
            server_version,
            freeze=sql.Literal(subject.freeze),
            skip_database=sql.Literal(subject.closed or not subject.freeze),
            workers=sql.Literal(settings.figures.parallel.max_parallel_maintenance_workers),
            table=sql.Identifier(subject.schema, subject.name),
        )
        return (Statement(composed, f"SHARE UPDATE EXCLUSIVE on {subject.ident}"),)

    def execute(self, work: Executor, subject: VacuumNeed, before: VacuumState) -> Mapping[str, object]:
        """Vacuum, and wait until the server has noted it; what it said in warnings is kept, since skips are no errors.

        Raises:
            Busy: somebody else is vacuuming the table.

        """
        for other in queries.fetch(work.conn, "maintenance/vacuum_running", {"oid": subject.oid}):
            raise Busy(f"pid {other['pid']} ({other['application']}) has been vacuuming it for {other['age']}")
        with server_notices.warnings(work.conn) as warnings:
            for statement in self.statements(subject, work.settings, work.server_version):
                work.execute(statement)
        after = work.proof = self._noted(work, subject, before, patient=not warnings)
        figures: dict[str, object] = {
            "warnings": "; ".join(warned.text for warned in warnings),
            "frozen": subject.freeze,
        }
        # What was skipped is not frozen, and what is remembered as frozen is never due again.
        if subject.closed and not warnings and not after.held_long:
            figures["frozen_oid"] = subject.oid
        return figures

    def threshold(self, before: VacuumState, subject: VacuumNeed, settings: RunSettings) -> VacuumLimits:  # noqa: ARG002
        """Return the limits that made the table due: it must keep them afterwards."""
        return subject.limits

    def urgent(self, subject: VacuumNeed, settings: RunSettings) -> bool:  # noqa: ARG002
        """Tell whether the server itself would force an anti-wraparound vacuum."""
        return subject.urgent

    def _noted(self, work: Executor, subject: VacuumNeed, before: VacuumState, *, patient: bool) -> VacuumState:
        until = time.monotonic() + _NOTED_WITHIN
        while True:
            after = self.measure(work, subject)
            # The server warns of what it skips, and of what it freezes in an emergency: the age, noted at once, tells.
            skipped = not patient and after.xid_age >= before.xid_age and after.mxid_age >= before.mxid_age
            if after.vacuums > before.vacuums or skipped or time.monotonic() > until:
                return after
            time.sleep(0.1)


def _due(
    table: Relation, scan: Scan, settings: RunSettings, *, closed: bool, expected: int
) -> DueSubject[VacuumNeed] | None:
    limits = vacuum_thresholds.limits(table, scan.server, settings.profile.vacuum)
    why = vacuum_thresholds.reasons(vacuum_thresholds.counters(table), limits)
    if expected and not why:
        later = replace(table, dead_rows=table.dead_rows + expected)
        why = [
            f"{reason}, once the earlier phases have run"
            for reason in vacuum_thresholds.reasons(vacuum_thresholds.counters(later), limits)
        ]
    aged = table.xid_age > limits.xid_age or table.mxid_age > limits.mxid_age
    # An empty table has nothing to freeze; before 18 only the suite's own log knows what is frozen.
    closed = closed and table.size > 0 and not vacuum_thresholds.all_frozen(table, scan.server)
    if not why and not closed:
        return None
    need = VacuumNeed(
        table.oid,
        table.schema,
        table.name,
        table.ident,
        limits,
        freeze=aged or closed,
        closed=closed,
        urgent=vacuum_thresholds.is_urgent(table, scan.server),
    )
    told = [*why, "its period is over and not all of it is frozen"] if closed else why
    size = f"{table.size / 2**20:,.1f} MB"
    return DueSubject(need, "; ".join(told), float(table.size) if why else 1.0, table.lane, table.ident, size)


def _told(holders: list[dict[str, Any]]) -> str:
    """Say who keeps rows from being removed, and what ends it."""
    if not holders:
        return "nobody is seen to hold rows back; new ones may have died meanwhile"
    holder = holders[0]
    since = f" for {holder['age']}" if holder["age"] else ""
    return f"rows are held back{since} by {holder['holder']}, {holder['xids']} transactions old; end it and run again"
