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
from steward.engine.executor import Statement
from steward.engine.operation import EXPECTED, DueSubject, Examination, ExecutionResult, MaintenanceOperation

if TYPE_CHECKING:
    from steward.actions.vacuum_thresholds import VacuumLimits
    from steward.database.inventory import Relation, Scan
    from steward.engine.executor import RunSettings
    from steward.engine.operation import GatherContext, PlanContext

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
    argument = "table"
    phase = "tables"

    @classmethod
    def gather(cls, context: GatherContext) -> list[dict[str, Any]]:
        """Return the partitions that were frozen when their time was over."""
        return queries.fetch(context.conn, "maintenance/vacuum_frozen")

    @classmethod
    def examine(cls, context: PlanContext) -> Examination[VacuumNeed]:
        """Return the tables that need it; those only to be frozen once are the cheapest, so that they come last."""
        tables = [relation for relation in context.scan.relations if relation.kind in "rm"]
        closed = (
            vacuum_thresholds.closed(context.scan, context.settings)
            if context.settings.profile.vacuum.closed_partitions
            else frozenset()
        )
        expected = {row["oid"]: row["dead_rows"] for row in context.scan.gathered.get(EXPECTED, [])}
        due = [
            _due(table, context.scan, context.settings, closed=table.oid in closed, expected=expected.get(table.oid, 0))
            for table in tables
        ]
        return Examination(len(tables), tuple(subject for subject in due if subject is not None))

    def measure(self) -> VacuumState:
        """Read the server's counters and ages, and who holds the horizon.

        Raises:
            Inconclusive: the server counts nothing, so no effect could be seen.
            NotNeeded: the table is gone.

        """
        pages = queries.compose("inventory/frozen_pages", self.executor.server_version)
        rows = queries.fetch(
            self.executor.conn, "maintenance/vacuum_measure", {"oid": self.subject.oid}, frozen_pages=pages
        )
        if not rows:
            raise NotNeeded(f"{self.subject.ident} is gone")
        if not rows[0].pop("counting"):
            raise Inconclusive("track_counts is off: the server counts no rows and notes no vacuum; turn it on")
        age = {"horizon_age": self.executor.settings.profile.wraparound.horizon_age}
        holders = queries.fetch(self.executor.conn, "maintenance/vacuum_horizon", age)
        return VacuumState(
            **rows[0], horizon=_horizon_message(holders), held_long=any(holder["long"] for holder in holders)
        )

    def still_due(self) -> bool:
        """Compare with the limits again: autovacuum may have run meanwhile."""
        counters = TableCounters(
            self.before.dead_rows,
            self.before.inserted_rows,
            not self.before.counted,
            self.before.xid_age,
            self.before.mxid_age,
        )
        return self.subject.closed or bool(vacuum_thresholds.reasons(counters, self.subject.limits))

    def statements(self) -> tuple[Statement, ...]:
        """Return the one VACUUM; the database's own ages are only advanced where ages are the reason."""
        composed = queries.compose(
            "maintenance/vacuum",
            self.executor.server_version,
            freeze=sql.Literal(self.subject.freeze),
            skip_database=sql.Literal(self.subject.closed or not self.subject.freeze),
            workers=sql.Literal(self.executor.settings.figures.parallel.max_parallel_maintenance_workers),
            table=sql.Identifier(self.subject.schema, self.subject.name),
        )
        return (Statement(composed, f"SHARE UPDATE EXCLUSIVE on {self.subject.ident}"),)

    def execute(self) -> ExecutionResult[VacuumState]:
        """Vacuum, and wait until the server has noted it; its warnings are kept, since what it skips raises no error.

        Raises:
            Busy: somebody else is vacuuming the table.

        """
        for other in queries.fetch(self.executor.conn, "maintenance/vacuum_running", {"oid": self.subject.oid}):
            raise Busy(f"pid {other['pid']} ({other['application']}) has been vacuuming it for {other['age']}")
        with server_notices.warnings(self.executor.conn) as warnings:
            for statement in self.statements():
                self.executor.execute(statement)
        after = self._noted(patient=not warnings)
        figures: dict[str, object] = {
            "warnings": "; ".join(warned.text for warned in warnings),
            "frozen": self.subject.freeze,
        }
        # What was skipped is not frozen, and what is remembered as frozen is never due again.
        if self.subject.closed and not warnings and not after.held_long:
            figures["frozen_oid"] = self.subject.oid
        return ExecutionResult(figures, after)

    def threshold(self) -> VacuumLimits:
        """Return the limits that made the table due: it must keep them afterwards."""
        return self.subject.limits

    def _noted(self, *, patient: bool) -> VacuumState:
        until = time.monotonic() + _NOTED_WITHIN
        while True:
            after = self.measure()
            # The server warns of what it skips, and of what it freezes in an emergency: the age, noted at once, tells.
            skipped = not patient and after.xid_age >= self.before.xid_age and after.mxid_age >= self.before.mxid_age
            if after.vacuums > self.before.vacuums or skipped or time.monotonic() > until:
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
    reasons = [*why, "its period is over and not all of it is frozen"] if closed else why
    size = f"{table.size / 2**20:,.1f} MB"
    return DueSubject(need, "; ".join(reasons), float(table.size) if why else 1.0, table.lane, table.ident, size)


def _horizon_message(holders: list[dict[str, Any]]) -> str:
    """Return who keeps rows from being removed, and what ends it."""
    if not holders:
        return "nobody is seen to hold rows back; new ones may have died meanwhile"
    holder = holders[0]
    since = f" for {holder['age']}" if holder["age"] else ""
    return f"rows are held back{since} by {holder['holder']}, {holder['xids']} transactions old; end it and run again"
