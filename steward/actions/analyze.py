"""ANALYZE of what needs it: by the server's own trigger, and partitioned tables, which the server never analyzes."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from math import floor
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.errors import LockNotAvailable

from steward import Busy, Inconclusive, NotNeeded
from steward.actions import server_notices, vacuum_thresholds
from steward.actions.matviews import RefreshMatviews
from steward.database import locks, queries
from steward.engine.executor import Statement
from steward.engine.operation import (
    EXPECTED,
    DueSubject,
    Examination,
    ExecutionResult,
    MaintenanceOperation,
    PlanContext,
    WarnsOfSettings,
)
from steward.record import ledger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steward.database.inventory import Relation, Scan
    from steward.database.session import Session
    from steward.engine.executor import Executor, RunSettings
    from steward.engine.operation import GatherContext

__all__ = ["Analyze", "AnalyzeState", "StaleStatistics"]

# Before 15 counters go to the statistics collector and come back in a file that may be half a second old.
_NOTED_WITHIN = 5.0


@dataclass(frozen=True)
class StaleStatistics:
    """A table or materialized view whose statistics are stale; ``limit``: the changed rows that they may be old by."""

    oid: int
    schema: str
    name: str
    ident: str
    is_parent: bool
    limit: int


@dataclass(frozen=True)
class AnalyzeState:
    """What ANALYZE is to change; ``unknown``: no analyze is noted; ``missing``: rows, and no statistics of them."""

    rows: int
    modified_rows: int
    analyses: int
    last_analyze: str | None
    unknown: bool
    missing: bool


class Analyze(MaintenanceOperation[StaleStatistics, AnalyzeState], WarnsOfSettings):
    """ANALYZE of tables, leaves, materialized views and partitioned parents."""

    name = "analyze"
    argument = "table"
    phase = "tables"

    @classmethod
    def gather(cls, context: GatherContext) -> list[dict[str, Any]]:
        """Return what changed in each partitioned table, which tables have no statistics, which views get new ones."""
        missing = queries.fetch(context.conn, "maintenance/analyze_missing_statistics", {"oid": None})
        unknown = [{"oid": row["oid"], "missing": True} for row in missing]
        return [*_parents(context.conn, None), *unknown, *_refreshed(context)]

    @classmethod
    def warnings_of(cls, settings: RunSettings) -> Sequence[str]:
        """Warn of a target for the whole session."""
        target = settings.figures.statistics_target
        if not target:
            return ()
        what = f"{settings.schedule}.statistics_target samples every column for a target of {target}"
        return (f"analyze: {what}; the next autoanalyze goes back to the columns' own, and plans may flip",)

    @classmethod
    def examine(cls, context: PlanContext) -> Examination[StaleStatistics]:
        """Return the tables and parents that need it; an empty one has nothing to sample."""
        known = {row["oid"]: row for row in context.scan.gathered.get(cls.name, [])}
        expected = {row["oid"]: row["dead_rows"] for row in context.scan.gathered.get(EXPECTED, [])}
        leaves, sizes = _leaves(context.scan), {relation.oid: relation.size for relation in context.scan.relations}
        examined = [entry for entry in context.scan.relations if entry.kind in "rpm" and entry.ident not in ledger.OURS]
        due = []
        for table in examined:
            own_leaves = leaves.get(table.oid, ())
            size = sum(sizes.get(leaf, 0) for leaf in own_leaves) if table.kind == "p" else table.size
            state = known.get(table.oid, {})
            if state.get("refreshed"):
                continue
            state = state if table.kind == "p" else _state(table, missing=bool(state))
            later = sum(expected.get(oid, 0) for oid in (table.oid, *own_leaves))
            limit = _limit(table, state, context.scan, context.settings)
            why = _why(state, limit, later) if size else ""
            if why:
                need = StaleStatistics(table.oid, table.schema, table.name, table.ident, table.kind == "p", limit)
                due.append(DueSubject(need, why, float(size), table.lane, table.ident, f"{size / 2**20:,.1f} MB"))
        return Examination(len(examined), tuple(due))

    def measure(self) -> AnalyzeState:
        """Return what has changed, and what the server has noted.

        Raises:
            Inconclusive: the server counts nothing, so no effect could be seen.
            NotNeeded: the table is gone.

        """
        rows = (
            _parents(self.executor.conn, self.subject.oid)
            if self.subject.is_parent
            else _table(self.executor.conn, self.subject.oid)
        )
        if not rows:
            raise NotNeeded(f"{self.subject.ident} is gone")
        facts = {name: rows[0][name] for name in AnalyzeState.__dataclass_fields__}
        if not rows[0]["counting"]:
            raise Inconclusive("track_counts is off: the server counts no changes and notes no analyze; turn it on")
        return AnalyzeState(**facts)

    def still_due(self) -> bool:
        """Compare again: autovacuum, or before 18 the ANALYZE of the parent, may have run meanwhile."""
        return self.before.unknown or self.before.missing or self.before.modified_rows > self.subject.limit

    def statements(self) -> tuple[Statement, ...]:
        """Return the one ANALYZE, after the session's target where the profile has one."""
        name = "maintenance/analyze/partitioned_table" if self.subject.is_parent else "maintenance/analyze/table"
        table = queries.compose(
            name, self.executor.server_version, table=sql.Identifier(self.subject.schema, self.subject.name)
        )
        analyze = Statement(table, f"SHARE UPDATE EXCLUSIVE on {self.subject.ident}")
        target = self.executor.settings.figures.statistics_target
        if not target:
            return (analyze,)
        return (
            Statement(queries.compose("maintenance/analyze/set_target", target=sql.Literal(target)), "none"),
            analyze,
        )

    def execute(self) -> ExecutionResult[AnalyzeState]:
        """Analyze, and wait until the server has noted it; a parent's leaves are remembered as they are then.

        Raises:
            Busy: the lock was not had.

        """
        with server_notices.warnings(self.executor.conn) as warnings:
            for statement in self.statements():
                self.executor.execute(statement)
        text = "; ".join(warned.text for warned in warnings)
        if self._noted(patient=not warnings):
            if self.subject.is_parent:
                ledger.remember_analysis(self.executor.conn, self.subject.oid)
            return ExecutionResult({"warnings": text, "refused": ""})
        if any(warned.sqlstate == LockNotAvailable.sqlstate for warned in warnings):
            holders = locks.blockers(self.executor.conn, [self.subject.oid]) or "whoever held it is gone"
            raise Busy(f"the server passed over it, because its lock was not had: {holders}")
        return ExecutionResult({"warnings": text, "refused": _refused(self.executor, self.subject, text)})

    def threshold(self) -> int:
        """Return the changed rows that made the table due."""
        return self.subject.limit

    def _noted(self, *, patient: bool) -> bool:
        until = time.monotonic() + _NOTED_WITHIN
        while self.measure().analyses <= self.before.analyses:
            if not patient or time.monotonic() > until:
                return False
            time.sleep(0.1)
        return True


def _parents(conn: Session, oid: int | None) -> list[dict[str, Any]]:
    version = conn.info.server_version
    parts = {
        "analyses": queries.compose("maintenance/analyze_parents/analyses", version),
        "counted_since": queries.compose("ledger/counted_since", version),
    }
    return queries.fetch(conn, "maintenance/analyze_parents/needs", {"oid": oid}, **parts)


def _refreshed(context: GatherContext) -> list[dict[str, Any]]:
    """Return the materialized views that this run will refresh, and analyze with it."""
    scan = replace(context.scan, gathered={RefreshMatviews.name: RefreshMatviews.gather(context)})
    examined = RefreshMatviews.examine(PlanContext(context.settings, scan))
    return [{"oid": due.subject.oid, "refreshed": True} for due in examined.due]


def _table(conn: Session, oid: int) -> list[dict[str, Any]]:
    unknown = queries.compose("maintenance/analyze_missing_statistics", conn.info.server_version)
    return queries.fetch(conn, "maintenance/analyze_measure", {"oid": oid}, unknown=unknown)


def _state(table: Relation, *, missing: bool) -> dict[str, Any]:
    """Return a table's state as the inventory has it."""
    modified = table.modified_since_analyze
    return {"modified_rows": modified, "unknown": table.last_analyze is None, "missing": missing}


def _limit(table: Relation, state: Mapping[str, Any], scan: Scan, settings: RunSettings) -> int:
    if table.kind == "p":
        rows: int = state.get("rows", 0)
        return floor(settings.profile.analyze.modified_ratio * rows)
    return vacuum_thresholds.analyze_limit(table, scan.server)


def _why(state: Mapping[str, Any], limit: int, later: int) -> str:
    """Return why it is due, the worst reason first; nothing where statistics are fresh enough."""
    if state.get("unknown"):
        return "no analyze of it is known: there was none, or its counters were lost"
    if state.get("missing"):
        return "it holds rows, and the planner has no statistics of them"
    modified = state.get("modified_rows", 0)
    if modified > limit:
        return f"{modified:,} rows changed since the last analyze, over {limit:,}"
    if modified + later > limit:
        text = f"{modified + later:,} rows changed since the last analyze, over {limit:,}"
        return f"{text}, once the earlier phases have run"
    return ""


def _leaves(scan: Scan) -> dict[int, list[int]]:
    """Return the leaves of whatever depth below each partitioned table, by oid."""
    families = {family.oid: family for family in scan.families}

    def leaves_of(oid: int) -> list[int]:
        found = []
        for partition in families[oid].partitions if oid in families else ():
            found += leaves_of(partition.oid) if partition.is_partitioned else [partition.oid]
        return found

    return {oid: leaves_of(oid) for oid in families}


def _refused(executor: Executor, subject: StaleStatistics, text: str) -> str:
    """Return the server's message, and the remedy."""
    owner = executor.settings.profile.roles.owner
    rows = queries.fetch(executor.conn, "maintenance/analyze_remedy", {"oid": subject.oid, "owner": owner})
    remedy = f"; let an administrator run: {rows[0]['remedy']};" if rows and text else ""
    return f"{text or 'the server has noted no analyze'}{remedy}"
