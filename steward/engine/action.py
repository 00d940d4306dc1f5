"""The only way to change anything: recheck → guard → journal the intent → execute with retries → measure → prove.

A `MaintenanceOperation` knows one kind of work (what needs it, the statements, the measure of its effect). An `Action`
takes it through those steps on a connection that holds the run's lock and the lane's lock.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import psycopg

from steward import NotNeeded, Planned
from steward.database import locks, queries
from steward.engine import guard
from steward.engine.executor import Budget, Executor, RunSettings, Statement, ended_by_window, render
from steward.record import ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from steward.database.inventory import Scan
    from steward.database.session import Session
    from steward.record.journal import Journal
    from steward.record.plan import PlannedItem

__all__ = [
    "EXPECTED",
    "Action",
    "ActionResult",
    "Budget",
    "DueSubject",
    "Examination",
    "Executor",
    "MaintenanceOperation",
    "RunSettings",
    "Statement",
    "ended_by_window",
    "figures_of",
    "render",
]

# What a plan expects earlier phases to leave behind, in the scan of the later ones.
EXPECTED = "expected"

S = TypeVar("S")
M = TypeVar("M")


@dataclass(frozen=True)
class DueSubject(Generic[S]):
    """A subject that needs the work: why, what it costs, its lane, and the name it is known by.

    ``cost`` is only for the order of one procedure's subjects; ``estimate`` is what a person is told, in its own unit.
    """

    subject: S
    why: str
    cost: float
    lane: str
    label: str
    estimate: str = ""


@dataclass(frozen=True)
class Examination(Generic[S]):
    """How many objects were looked at, and those that need the work."""

    count: int
    due: tuple[DueSubject[S], ...] = ()


@dataclass(frozen=True)
class ActionResult(Generic[M]):
    """What an action did: the measure before and after, the limit that it must keep, its figures, its seconds."""

    before: M
    after: M
    threshold: Any
    figures: Mapping[str, object]
    seconds: float


class MaintenanceOperation(ABC, Generic[S, M]):
    """One kind of work. ``examine`` is pure and runs at collection; the rest runs on the acting connection."""

    name: ClassVar[str]
    subject: ClassVar[str]
    phase: ClassVar[str]
    heavy: ClassVar[bool] = True

    def gather(self, conn: Session, settings: RunSettings, scan: Scan) -> list[dict[str, Any]]:  # noqa: ARG002 - most need only the catalog
        """Return what ``examine`` needs beyond the catalog scan; JSON-able, a constant number of queries."""
        return []

    def cautions(self, settings: RunSettings) -> Sequence[str]:  # noqa: ARG002 - most have nothing to warn of
        """Return what an operator should know of the profile's figures before the work begins."""
        return ()

    @abstractmethod
    def examine(self, scan: Scan, settings: RunSettings) -> Examination[S]:
        """Return which subjects need the work, and why."""

    def leaves_dead(self, scan: Scan) -> Mapping[int, int]:  # noqa: ARG002 - most leave none
        """Return the rows that the work would leave dead, by relation's oid: a plan's later phases reckon with it."""
        return {}

    @abstractmethod
    def measure(self, work: Executor, subject: S) -> M:
        """Return the figures that the work is to change."""

    @abstractmethod
    def still_due(self, before: M, subject: S, settings: RunSettings) -> bool:
        """Tell whether the work is needed now, on the acting connection."""

    @abstractmethod
    def statements(self, subject: S, settings: RunSettings, server_version: int) -> tuple[Statement, ...]:
        """Return what would run."""

    @abstractmethod
    def execute(self, work: Executor, subject: S, before: M) -> Mapping[str, object]:
        """Do the work, and return its figures for the record."""

    def threshold(self, before: M, subject: S, settings: RunSettings) -> object:  # noqa: ARG002 - not every fact has a limit
        """Return the limit that the measure must keep afterwards."""
        return None

    def urgent(self, subject: S, settings: RunSettings) -> bool:  # noqa: ARG002 - hardly any work is
        """Tell whether the work must not be deferred for load or lag (wraparound)."""
        return False

    def relations(self, subject: S) -> Sequence[int]:
        """Return the oids whose lock holders are named when a lock is not had."""
        oid = getattr(subject, "oid", None)
        return () if oid is None else (oid,)


class Action:
    """The ``action`` fixture of one item: takes a procedure through its steps, once."""

    def __init__(  # noqa: PLR0913, PLR0917 - the surroundings of one item, named once
        self,
        settings: RunSettings,
        connect: Callable[[], Session],
        procedures: Mapping[str, MaintenanceOperation[Any, Any]],
        journal: Journal,
        item: PlannedItem,
        run_id: str,
    ) -> None:
        self.settings = settings
        self.record: dict[str, Any] = {}
        self._connect = connect
        self._procedures = procedures
        self._journal = journal
        self._item = item
        self._run_id = run_id

    def run(self, name: str, subject: Any) -> ActionResult[Any]:
        """Do the work called ``name`` on ``subject``, and return what it did.

        Raises:
            OutcomeException: it was planned only, deferred, busy, inconclusive, or not needed any more.
            psycopg.Error: the server refused a statement; the SQLSTATE is kept.

        """
        procedure = self._procedures[name]
        guard.window(self.settings.deadline, self.settings.stop)
        conn = self._connect()
        work = Executor(conn, self.settings, self._item.id, self._journal)
        work.heavy = procedure.heavy and not procedure.urgent(subject, self.settings)
        work.relations = procedure.relations(subject)
        if self.settings.mode == "plan":
            self._plan(procedure, work, subject)
        try:
            with locks.lane(conn, self._item.lane):
                return self._act(procedure, work, subject)
        finally:
            if work.terminated:
                self.record["figures"] = {**self.record.get("figures", {}), **_terminated(work)}

    def _plan(self, procedure: MaintenanceOperation[Any, Any], work: Executor, subject: Any) -> None:
        self.record["before"] = figures_of(procedure.measure(work, subject))
        for statement in procedure.statements(subject, self.settings, work.server_version):
            self._journal.write(
                "statement",
                item=work.item_id,
                text=render(statement, work.conn),
                locks=statement.locks,
                template=statement.template,
            )
        raise Planned(self._item.why)

    def _act(self, procedure: MaintenanceOperation[Any, Any], work: Executor, subject: Any) -> ActionResult[Any]:
        figures = self.settings.figures
        work.limit(statement_timeout=figures.timeout(procedure.name))
        before = procedure.measure(work, subject)
        self.record["before"] = figures_of(before)
        if not procedure.still_due(before, subject, self.settings):
            raise NotNeeded("the need was gone when its turn came")
        work.go_on()
        threshold = procedure.threshold(before, subject, self.settings)
        self.record["threshold"] = figures_of(threshold) if is_dataclass(threshold) else threshold
        intent = self._announce(procedure, work, subject)
        started_at, started = datetime.now(UTC), time.monotonic()
        try:
            done = procedure.execute(work, subject, before)
            after = procedure.measure(work, subject) if work.proof is None else work.proof
        except BaseException as error:
            self._settle(work, intent, error)
            raise
        done = {**done, **_terminated(work)}
        seconds = round(time.monotonic() - started, 6)
        self.record |= {"after": figures_of(after), "figures": dict(done)}
        details = {"object": self._item.subject, "status": "done", "seconds": seconds, "item": work.item_id}
        with work.conn.transaction():
            ledger.settle(work.conn, intent, "done", dict(done))
            ledger.operation(work.conn, procedure.name, started_at, {**details, **done})
        return ActionResult(before, after, threshold, done, seconds)

    def _announce(self, procedure: MaintenanceOperation[Any, Any], work: Executor, subject: Any) -> int:
        statements = procedure.statements(subject, self.settings, work.server_version)
        texts = [render(statement, work.conn) for statement in statements]
        self._journal.write("intent", item=work.item_id, action=procedure.name, statements=texts)
        return ledger.intent(
            work.conn,
            self._run_id,
            work.item_id,
            procedure.name,
            self._item.subject,
            "\n".join(texts),
        )

    def _settle(self, work: Executor, intent: int, error: BaseException) -> None:
        """Leave the intent open when the connection is gone: the ledger then shows what was under way."""
        if work.conn.closed or work.conn.broken:
            return
        told = ended_by_window(self.settings, error) or error
        outcome = getattr(told, "outcome", "error")
        try:
            ledger.settle(work.conn, intent, outcome, {"error": _words(told)})
        except psycopg.Error as failure:
            self._journal.write("progress", item=work.item_id, phase=f"intent not settled: {failure.sqlstate}")


def _terminated(work: Executor) -> dict[str, object]:
    """Return whom the work has terminated to get its locks, as a figure of the record."""
    return {"terminated": work.terminated} if work.terminated else {}


def _words(error: BaseException) -> str:
    """Tell an error in one line; the server's details may quote a row and are left out."""
    return queries.server_message(error) if isinstance(error, psycopg.Error) else " ".join(str(error).split())


def figures_of(measure: object) -> dict[str, Any]:
    """Return a measure as a mapping for the record."""
    if is_dataclass(measure) and not isinstance(measure, type):
        return asdict(measure)
    return dict(measure) if isinstance(measure, dict) else {"value": measure}
