"""Refresh of materialized views: those that are stale by the record of their refreshes, sources first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steward import Deferred
from steward.actions import matview_refresh, matview_state
from steward.actions.matview_state import StaleMatview
from steward.engine.operation import DueSubject, Examination, ExecutionResult, MaintenanceOperation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steward.database.inventory import Scan
    from steward.engine.executor import Statement
    from steward.engine.operation import GatherContext, PlanContext

__all__ = ["MatviewState", "RefreshMatviews", "StaleMatview"]


@dataclass(frozen=True)
class MatviewState:
    """What a refresh is to change, by the record of refreshes; times ISO 8601 in UTC."""

    populated: bool
    last_refreshed: str | None
    source_refreshed: str | None
    rows: int | None
    seconds: float | None


class RefreshMatviews(MaintenanceOperation[StaleMatview, MatviewState]):
    """REFRESH MATERIALIZED VIEW, concurrently or plain by rule, never emptied, with its statistics and its record."""

    name = "matviews"
    argument = "view"
    phase = "settle"

    @classmethod
    def gather(cls, context: GatherContext) -> list[dict[str, Any]]:
        """Return what is known of every materialized view: age, sources, readers' rights."""
        views = [relation for relation in context.scan.relations if relation.kind == "m"]
        rules = [
            {"oid": view.oid, "staleness": context.settings.profile.matview(view.ident).staleness} for view in views
        ]
        return matview_state.facts(context.conn, context.settings, [view.oid for view in views], rules)

    @classmethod
    def examine(cls, context: PlanContext) -> Examination[StaleMatview]:
        """Return the views that are due; a source costs more than all that read it, so that its turn comes before."""
        views = {row["oid"]: row for row in context.scan.gathered.get(cls.name, ())}
        reasons: dict[int, str] = {}
        for oid in _in_order(views):
            why = _reason(views[oid], views, reasons, everything=context.settings.figures.refresh == "all")
            if why:
                reasons[oid] = why
        lanes = _lanes(views)
        costs = _costs({oid: views[oid] for oid in reasons})
        due = tuple(
            DueSubject(
                _view(views[oid], views, reasons, context.scan),
                why,
                costs[oid],
                lanes[oid],
                views[oid]["ident"],
                _estimate(views[oid]),
            )
            for oid, why in reasons.items()
        )
        return Examination(len(views), due)

    def measure(self) -> MatviewState:
        """Read the record of refreshes.

        Raises:
            NotNeeded: the view is gone.

        """
        found = matview_state.current_facts(self.executor, self.subject)
        return MatviewState(**{name: found[name] for name in MatviewState.__dataclass_fields__})

    def still_due(self) -> bool:
        """Return whether nobody has refreshed it since the plan, nor a source after that."""
        last = self.before.last_refreshed or ""
        return not self.before.populated or last <= max(self.subject.seen_at, self.before.source_refreshed or "")

    def statements(self) -> tuple[Statement, ...]:
        """Return the concurrent refresh; what is known when its turn comes may make it a plain one."""
        return (matview_refresh.concurrent(self.subject), matview_refresh.analyze(self.subject))

    def execute(self) -> ExecutionResult[MatviewState]:
        """Refresh, prove that nothing was lost, record it, and take the statistics.

        Raises:
            Deferred: a source was not refreshed, or there is no room.
            Busy: a lock was not had within its budget.
            UnfitContentError: the view would be emptied, or cannot be refreshed as it is.

        """
        for oid, ident in self.subject.waits:
            source = matview_state.facts(self.executor.conn, self.executor.settings, [oid])
            if not source or (source[0]["last_refreshed"] or "") <= self.subject.seen_at:
                raise Deferred(f"it reads {ident}, which this run was to refresh first and has not: see its item")
        found = matview_state.current_facts(self.executor, self.subject)
        return ExecutionResult(matview_refresh.Refresh(self.executor, self.subject, found).run())

    @classmethod
    def relations(cls, subject: StaleMatview) -> Sequence[int]:
        """Return the view and the tables that it reads."""
        return (subject.oid, *subject.tables)


def _in_order(views: Mapping[int, Mapping[str, Any]]) -> list[int]:
    """Return the views, sources before what reads them, otherwise in the order in which they came."""
    done: dict[int, None] = {}

    def visit(oid: int) -> None:
        if oid not in done:
            for source in views[oid]["sources"]:
                if source in views:
                    visit(source)
            done[oid] = None

    for oid in views:
        visit(oid)
    return list(done)


def _reason(
    row: Mapping[str, Any], views: Mapping[int, Mapping[str, Any]], due: Mapping[int, str], *, everything: bool
) -> str:
    """Return why a view is due, nothing where it is not; its sources have been decided."""
    first = [views[source]["ident"] for source in row["sources"] if source in due]
    match row:
        case {"populated": False}:
            why = "it holds nothing yet"
        case {"last_refreshed": None}:
            why = "no refresh of it is on record"
        case {"stale": True}:
            why = f"last refreshed {row['age']} ago, longer than it may be"
        case _ if first:
            why = f"{', '.join(first)}, which it reads, {'is' if len(first) == 1 else 'are'} refreshed first"
        case {"source_refreshed": str(source), "last_refreshed": str(last)} if source > last:
            why = "what it reads was refreshed after it"
        case _:
            why = f"all are refreshed by this schedule, and it last {row['age']} ago" if everything else ""
    return why


def _lanes(views: Mapping[int, Mapping[str, Any]]) -> dict[int, str]:
    """Return the lane of each view: one for all that hang together, because they are refreshed one after the other."""
    lanes = {oid: oid for oid in views}

    def root(oid: int) -> int:
        while lanes[oid] != oid:
            oid = lanes[oid]
        return oid

    for oid, row in views.items():
        for source in row["sources"]:
            if source in views:
                lanes[root(oid)] = root(source)
    return {oid: views[root(oid)]["ident"] for oid in views}


def _costs(due: Mapping[int, Mapping[str, Any]]) -> dict[int, float]:
    """Return each view's own size and that of the longest way through what reads it."""
    costs: dict[int, float] = {}
    for oid in reversed(_in_order(due)):
        readers = [costs[other] for other in costs if oid in due[other]["sources"]]
        costs[oid] = max(1.0, float(due[oid]["size"])) + max(readers, default=0.0)
    return costs


def _view(
    row: Mapping[str, Any], views: Mapping[int, Mapping[str, Any]], due: Mapping[int, str], scan: Scan
) -> StaleMatview:
    waits = tuple((source, views[source]["ident"]) for source in row["sources"] if source in due)
    return StaleMatview(
        row["oid"], row["schema"], row["name"], row["ident"], scan.server.taken_at, tuple(row["tables"]), waits
    )


def _estimate(row: Mapping[str, Any]) -> str:
    size = f"{row['size'] / 2**20:,.1f} MB"
    return size if row["seconds"] is None else f"{size}, {row['seconds']:,.1f} s last time"
