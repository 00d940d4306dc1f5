"""The only way to change anything: recheck → guard → journal the intent → execute with retries → measure → prove.

A `Procedure` knows one kind of work (what needs it, the statements, the measure of its effect); an `Action` takes it
through those steps on a connection that holds the run's lock and the lane's.
"""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

import psycopg
from psycopg.rows import dict_row

from steward import Busy, Deferred, NotNeeded, Planned, guard, ledger, locks, queries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from psycopg import Cursor, sql

    from steward.inventory import Scan
    from steward.journal import Journal
    from steward.profile import Profile, Schedule
    from steward.session import Session

__all__ = [
    "Action",
    "Budget",
    "Due",
    "Examined",
    "Outcome",
    "Procedure",
    "Settings",
    "Statement",
    "Work",
    "ended_by_window",
    "figures_of",
    "render",
]

S = TypeVar("S")
M = TypeVar("M")
T = TypeVar("T")

Budget = Literal["brief", "drain", "other"]


@dataclass(frozen=True)
class Settings:
    """What a run was told: profile, schedule, mode, the time (UTC) and the file after which no action starts."""

    profile: Profile
    schedule: str
    mode: Literal["act", "plan"] = "act"
    deadline: datetime | None = None
    stop: Path | None = None

    @property
    def figures(self) -> Schedule:
        """The thresholds and resources of the run's schedule."""
        return self.profile.schedule(self.schedule)


@dataclass(frozen=True)
class Statement:
    """One statement, the locks it takes in words, and its bound values; a template stands for a batch of many."""

    text: sql.Composed
    locks: str = ""
    params: Mapping[str, object] = field(default_factory=dict)
    template: bool = False


@dataclass(frozen=True)
class Due(Generic[S]):
    """A subject that needs the work: why, what it costs (for the order), its lane, and the name it is known by."""

    subject: S
    why: str
    cost: float
    lane: str
    label: str


@dataclass(frozen=True)
class Examined(Generic[S]):
    """How many objects were looked at, and those that need the work."""

    count: int
    due: tuple[Due[S], ...] = ()


@dataclass(frozen=True)
class Outcome(Generic[M]):
    """What an action did: the measure before and after, the limit that it must keep, its figures, its seconds."""

    before: M
    after: M
    threshold: Any
    figures: Mapping[str, object]
    seconds: float


class Procedure(ABC, Generic[S, M]):
    """One kind of work. ``examine`` is pure and runs at collection; the rest runs on the acting connection."""

    name: ClassVar[str]
    subject: ClassVar[str]
    phase: ClassVar[str]
    heavy: ClassVar[bool] = True

    def gather(self, conn: Session, settings: Settings, scan: Scan) -> list[dict[str, Any]]:  # noqa: ARG002 - most need only the catalog
        """Return what ``examine`` needs beyond the catalog scan; JSON-able, a constant number of queries."""
        return []

    @abstractmethod
    def examine(self, scan: Scan, settings: Settings) -> Examined[S]:
        """Return which subjects need the work, and why."""

    @abstractmethod
    def measure(self, work: Work, subject: S) -> M:
        """Return the figures that the work is to change."""

    @abstractmethod
    def still_due(self, before: M, subject: S, settings: Settings) -> bool:
        """Tell whether the work is needed now, on the acting connection."""

    @abstractmethod
    def statements(self, subject: S, settings: Settings, server_version: int) -> tuple[Statement, ...]:
        """Return what would run."""

    @abstractmethod
    def execute(self, work: Work, subject: S, before: M) -> Mapping[str, object]:
        """Do the work, and return its figures for the record."""

    def threshold(self, before: M, subject: S, settings: Settings) -> object:  # noqa: ARG002 - not every fact has a limit
        """Return the limit that the measure must keep afterwards."""
        return None

    def urgent(self, subject: S, settings: Settings) -> bool:  # noqa: ARG002 - hardly any work is
        """Tell whether the work must not be deferred for load or lag (wraparound)."""
        return False

    def relations(self, subject: S) -> Sequence[int]:
        """Return the oids whose lock holders are named when a lock is not had."""
        oid = getattr(subject, "oid", None)
        return () if oid is None else (oid,)


class Work:
    """The acting connection: executes journaled statements under a lock budget, and tells whether to go on."""

    def __init__(self, conn: Session, settings: Settings, item_id: str, journal: Journal | None = None) -> None:
        self.conn = conn
        self.settings = settings
        self.item_id = item_id
        self.server_version = conn.info.server_version
        self.heavy = True
        self.relations: Sequence[int] = ()
        self._journal = journal
        self._lock_timeout = ""

    def execute(self, statement: Statement, *, budget: Budget = "other") -> Cursor[dict[str, Any]]:
        """Run one statement in autocommit; a lock not had is tried again within the budget.

        Raises:
            Busy: the lock was not had; the reason names who holds it.

        """
        if self.conn.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            return self._run(statement, 1)
        return self._retry(lambda attempt: self._run(statement, attempt), budget)

    def attempt(self, do: Callable[[], T], *, budget: Budget = "other") -> T:
        """Run ``do`` in one transaction; a lock not had rolls all of it back and tries it again within the budget.

        Raises:
            Busy: the lock was not had; the reason names who holds it.

        """

        def once(_attempt: int) -> T:
            with self.conn.transaction():
                return do()

        return self._retry(once, budget)

    def go_on(self) -> None:
        """Ask between batches whether the work may go on.

        Raises:
            Deferred: the window is over, or load or replication lag forbids it.

        """
        guard.window(self.settings.deadline, self.settings.stop)
        if self.heavy:
            guard.load(self.conn, self.settings.profile)

    def progress(self, **figures: object) -> None:
        """Report live figures: ``done``, ``total``, ``phase`` and whatever a batch is known by; no row data."""
        if self._journal:
            self._journal.write("progress", item=self.item_id, **figures)

    def _retry(self, do: Callable[[int], T], budget: Budget) -> T:
        limits = self.settings.profile.locks
        timeout = {"brief": limits.access_exclusive, "drain": limits.drain, "other": limits.other}[budget]
        self._set_lock_timeout(f"{round(timeout.total_seconds() * 1000)}ms")
        give_up = time.monotonic() + (limits.budget.total_seconds() if budget == "brief" else 0.0)
        pause = limits.backoff_base.total_seconds()
        attempt = 1
        while True:
            try:
                return do(attempt)
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
                # Jitter keeps two runs from meeting again; waiters of the failed attempt get their turn meanwhile.
                pause = min(pause * 2, limits.backoff_cap.total_seconds())
                nap = pause * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
                if time.monotonic() + nap > give_up:
                    holders = locks.blockers(self.conn, self.relations) or "whoever held it is gone"
                    raise Busy(
                        f"lock not had in {attempt} attempts of {timeout.total_seconds():g} s: {holders}"
                    ) from error
            time.sleep(nap)
            self.go_on()
            attempt += 1

    def _set_lock_timeout(self, value: str) -> None:
        if value != self._lock_timeout:
            queries.execute(self.conn, "session/lock_timeout", {"value": value})
            self._lock_timeout = value

    def _run(self, statement: Statement, attempt: int) -> Cursor[dict[str, Any]]:
        started = time.monotonic()
        facts: dict[str, object] = {"locks": statement.locks, "attempts": attempt, "rows": None, "error": None}
        cursor = self.conn.cursor(row_factory=dict_row)
        try:
            cursor.execute(statement.text, statement.params)
            facts["rows"] = cursor.rowcount if cursor.rowcount >= 0 else None
        except psycopg.Error as error:
            facts["error"] = f"{error.sqlstate or type(error).__name__}: {error.diag.message_primary or error}"
            raise
        finally:
            if self._journal:
                seconds = round(time.monotonic() - started, 6)
                text = render(statement, self.conn)
                self._journal.write("statement", item=self.item_id, text=text, seconds=seconds, **facts)
        return cursor


def render(statement: Statement, conn: Session) -> str:
    """Return the statement as a DBA could paste it, its bound values written as literals."""
    return psycopg.ClientCursor(conn).mogrify(statement.text, statement.params)


class Action:
    """The ``action`` fixture of one item: takes a procedure through its steps, once."""

    def __init__(
        self,
        settings: Settings,
        connect: Callable[[], Session],
        procedures: Mapping[str, Procedure[Any, Any]],
        journal: Journal,
        item: Mapping[str, Any],
    ) -> None:
        self.settings = settings
        self.record: dict[str, Any] = {}
        self._connect = connect
        self._procedures = procedures
        self._journal = journal
        self._item = item

    def run(self, name: str, subject: Any) -> Outcome[Any]:
        """Do the work called ``name`` on ``subject``, and return what it did.

        Raises:
            Undone: it was planned only, deferred, busy, inconclusive, or not needed any more.
            psycopg.Error: the server refused a statement; the SQLSTATE is kept.

        """
        procedure = self._procedures[name]
        guard.window(self.settings.deadline, self.settings.stop)
        conn = self._connect()
        work = Work(conn, self.settings, self._item["id"], self._journal)
        work.heavy = procedure.heavy and not procedure.urgent(subject, self.settings)
        work.relations = procedure.relations(subject)
        if self.settings.mode == "plan":
            self._plan(procedure, work, subject)
        with locks.lane(conn, self._item["lane"]):
            return self._act(procedure, work, subject)

    def _plan(self, procedure: Procedure[Any, Any], work: Work, subject: Any) -> None:
        self.record["before"] = figures_of(procedure.measure(work, subject))
        for statement in procedure.statements(subject, self.settings, work.server_version):
            self._journal.write(
                "statement",
                item=work.item_id,
                text=render(statement, work.conn),
                locks=statement.locks,
                template=statement.template,
            )
        raise Planned(self._item["why"])

    def _act(self, procedure: Procedure[Any, Any], work: Work, subject: Any) -> Outcome[Any]:
        before = procedure.measure(work, subject)
        self.record["before"] = figures_of(before)
        if not procedure.still_due(before, subject, self.settings):
            raise NotNeeded("the need was gone when its turn came")
        work.go_on()
        threshold = procedure.threshold(before, subject, self.settings)
        self.record["threshold"] = threshold
        intent = self._announce(procedure, work, subject)
        started_at, started = datetime.now(UTC), time.monotonic()
        try:
            figures = procedure.execute(work, subject, before)
            after = procedure.measure(work, subject)
        except BaseException as error:
            self._settle(work, intent, error)
            raise
        seconds = round(time.monotonic() - started, 6)
        self.record |= {"after": figures_of(after), "figures": dict(figures)}
        ledger.settle(work.conn, intent, "done", dict(figures))
        details = {"object": self._item["subject"], "status": "done", "seconds": seconds, "item": work.item_id}
        ledger.operation(work.conn, procedure.name, started_at, {**details, **figures})
        return Outcome(before, after, threshold, figures, seconds)

    def _announce(self, procedure: Procedure[Any, Any], work: Work, subject: Any) -> int:
        statements = procedure.statements(subject, self.settings, work.server_version)
        texts = [render(statement, work.conn) for statement in statements]
        self._journal.write("intent", item=work.item_id, action=procedure.name, statements=texts)
        return ledger.intent(
            work.conn,
            self._item["run_id"],
            work.item_id,
            procedure.name,
            self._item["subject"],
            "\n".join(texts),
        )

    def _settle(self, work: Work, intent: int, error: BaseException) -> None:
        """Leave the intent open when the connection is gone: the ledger then shows what was under way."""
        if work.conn.closed or work.conn.broken:
            return
        outcome = getattr(error, "outcome", "error")
        try:
            ledger.settle(work.conn, intent, outcome, {"error": " ".join(str(error).split())})
        except psycopg.Error as failure:
            self._journal.write("progress", item=work.item_id, phase=f"intent not settled: {failure.sqlstate}")


def figures_of(measure: object) -> dict[str, Any]:
    """Return a measure as a mapping for the record."""
    if is_dataclass(measure) and not isinstance(measure, type):
        return asdict(measure)
    return dict(measure) if isinstance(measure, dict) else {"value": measure}


def ended_by_window(settings: Settings, error: BaseException | None) -> Deferred | None:
    """Tell a statement that the supervisor cancelled when the run was stopped from one that failed."""
    if isinstance(error, psycopg.errors.QueryCanceled):
        try:
            guard.window(settings.deadline, settings.stop)
        except Deferred as stopped:
            return Deferred(f"cancelled while it ran: {stopped.reason}")
    return None
