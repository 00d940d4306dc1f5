"""The acting connection of one item: journaled statements under a lock budget, and the checks whether to go on."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from steward import Busy, Deferred
from steward.database import locks, queries
from steward.engine import guard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from psycopg import Cursor, sql

    from steward.database.session import Session
    from steward.profile import Profile, Schedule
    from steward.record.journal import Journal

__all__ = ["Budget", "Executor", "RunSettings", "Statement", "ended_by_window", "render"]

T = TypeVar("T")

# "watched" has no lock timeout: the caller runs the statement under a watchdog, which ends it.
Budget = Literal["brief", "drain", "other", "watched"]

# One to find who holds the lock, one for when they are gone, and one for a poll that came too late.
_LAST_ATTEMPTS = 3
# How often the victim of a deadlock tries in all: a third deadlock is no coincidence.
_DEADLOCKS = 3
_NOT_HAD = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


@dataclass(frozen=True)
class RunSettings:
    """The settings of a run: profile, schedule, mode, the time (UTC) and the file after which no action starts."""

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


class Executor:
    """The acting connection: executes journaled statements under a lock budget, and checks whether to go on."""

    def __init__(  # noqa: PLR0913 - the surroundings of one item, named once
        self,
        conn: Session,
        settings: RunSettings,
        item_id: str,
        journal: Journal | None = None,
        *,
        heavy: bool = True,
        relations: Sequence[int] = (),
    ) -> None:
        self.conn = conn
        self.settings = settings
        self.item_id = item_id
        self.server_version = conn.info.server_version
        self.heavy = heavy
        self.relations = relations
        self.terminated: list[Mapping[str, object]] = []
        self._journal = journal
        self._attempt = 1
        self._limits: dict[str, timedelta] = {}

    def execute(self, statement: Statement, *, budget: Budget = "other") -> Cursor[dict[str, Any]]:
        """Run one statement in autocommit; a lock not had is tried again within the budget.

        Raises:
            Busy: the lock was not had; the reason names who holds it.

        """
        if self.conn.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            return self._run(statement)
        if budget == "watched":
            return self._unlimited(statement)
        return self._retry(lambda: self._run(statement), budget)

    def try_execute(self, statement: Statement) -> Cursor[dict[str, Any]] | None:
        """Run one statement in autocommit, waiting for locks a moment only; None where one was not had."""
        self.limit(lock_timeout=self.settings.profile.locks.backoff_base)
        with suppress(*_NOT_HAD):
            return self._run(statement)
        return None

    def attempt(self, do: Callable[[], T], *, budget: Budget = "other") -> T:
        """Run ``do`` in one transaction; a lock not had rolls all of it back and tries it again within the budget.

        Raises:
            Busy: the lock was not had; the reason names who holds it.

        """

        def once() -> T:
            with self.conn.transaction():
                return do()

        return self._retry(once, budget)

    def require_may_continue(self) -> None:
        """Check between batches whether the work may go on.

        Raises:
            Deferred: the window is over, or load or replication lag forbids it.

        """
        guard.require_open_window(self.settings.deadline, self.settings.stop)
        if self.heavy:
            guard.require_low_load(self.conn, self.settings.profile)

    def limit(self, **timeouts: timedelta) -> None:
        """Set timeouts of the session by their names, those that it does not have yet."""
        fresh = {name: duration for name, duration in timeouts.items() if self._limits.get(name) != duration}
        if fresh:
            settings = {name: f"{round(duration.total_seconds() * 1000)}ms" for name, duration in fresh.items()}
            queries.execute(self.conn, "session/settings/set", {"settings": Jsonb(settings)})
            self._limits |= fresh

    def progress(self, **figures: object) -> None:
        """Report live figures: ``done``, ``total``, ``phase`` and whatever a batch is known by; no row data."""
        if self._journal:
            self._journal.write("progress", item=self.item_id, **figures)

    def _unlimited(self, statement: Statement) -> Cursor[dict[str, Any]]:
        self.limit(lock_timeout=timedelta(0))
        try:
            return self._run(statement)
        finally:
            # What comes next on this session is watched over by nobody.
            if not self.conn.closed and not self.conn.broken:
                self.limit(lock_timeout=self.settings.profile.locks.other)

    def _retry(self, do: Callable[[], T], budget: Budget) -> T:
        limits = self.settings.profile.locks
        timeout = {"brief": limits.access_exclusive, "drain": limits.drain}.get(budget, limits.other)
        self.limit(lock_timeout=timeout)
        give_up = time.monotonic() + limits.budget.total_seconds()
        pause = limits.backoff_base.total_seconds()
        for attempt in range(1, limits.attempts + 1):
            self._attempt = attempt
            try:
                done = do()
            except _NOT_HAD as error:
                # Jitter keeps two runs from meeting again; waiters of the failed attempt get their turn meanwhile.
                delay = pause * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
                pause = min(pause * 2, limits.backoff_cap.total_seconds())
                # Only brief waits are tried again: the others have waited their whole budget in one attempt. But the
                # victim of a deadlock has made way, and the other one goes on meanwhile.
                last = limits.attempts if budget == "brief" else min(limits.attempts, _victim(error))
                if attempt >= last or (budget == "brief" and time.monotonic() + delay > give_up):
                    return self._last(do, budget, timeout, error)
            else:
                self._attempt = 1
                return done
            time.sleep(delay)
            self.require_may_continue()
        raise AssertionError("the last attempt returns or raises")

    def _last(self, do: Callable[[], T], budget: Budget, timeout: timedelta, error: psycopg.Error) -> T:
        """Where the profile allows it, try again while those who hold the lock are terminated, else give up."""
        profile, kept = self.settings.profile, ""
        if profile.locks.terminate_blockers:
            self.require_may_continue()
            with locks.BlockerTermination(self.conn, profile, self._terminated) as termination:
                for _ in range(_LAST_ATTEMPTS):
                    self._attempt += 1
                    with suppress(*_NOT_HAD):
                        return do()
                    if not termination.helped():
                        break
            kept = termination.kept
        raise self._busy(timeout, kept, snapshots=budget == "drain") from error

    def _terminated(self, facts: Mapping[str, object]) -> None:
        self.terminated.append(facts)
        message = f"terminated pid {facts['pid']} ({facts['application']}, {facts['state']}, for {facts['age']})"
        self.progress(phase=message)

    def _busy(self, timeout: timedelta, kept: str, *, snapshots: bool) -> Busy:
        holders = locks.blockers(self.conn, self.relations, snapshots=snapshots)
        tries = "one attempt" if self._attempt == 1 else f"{self._attempt} attempts"
        message = f"lock not had in {tries} of {timeout.total_seconds():g} s"
        named = holders or "nobody who held it is still there"
        return Busy(f"{message}: {named}{kept and f'; not terminated: {kept}'}", attempts=self._attempt)

    def _run(self, statement: Statement) -> Cursor[dict[str, Any]]:
        started = time.monotonic()
        facts: dict[str, object] = {"locks": statement.locks, "attempts": self._attempt, "rows": None, "error": None}
        cursor = self.conn.cursor(row_factory=dict_row)
        try:
            cursor.execute(statement.text, statement.params)
            facts["rows"] = cursor.rowcount if cursor.rowcount >= 0 else None
        except psycopg.Error as error:
            facts["error"] = f"{error.sqlstate or type(error).__name__}: {queries.server_message(error)}"
            raise
        finally:
            if self._journal:
                seconds = round(time.monotonic() - started, 6)
                text = render(statement, self.conn)
                self._journal.write("statement", item=self.item_id, text=text, seconds=seconds, **facts)
        return cursor


def _victim(error: psycopg.Error) -> int:
    """Return how often a statement without brief attempts is tried: once, but for the victim of a deadlock."""
    return _DEADLOCKS if isinstance(error, psycopg.errors.DeadlockDetected) else 1


def render(statement: Statement, conn: Session) -> str:
    """Return the statement as a DBA could paste it, its bound values written as literals, without what is unsaid."""
    return psycopg.ClientCursor(conn).mogrify(queries.redacted(statement.text), statement.params)


def ended_by_window(settings: RunSettings, error: BaseException | None) -> Deferred | None:
    """Return the deferral where the supervisor cancelled the statement to stop the run; None where it failed itself."""
    if isinstance(error, psycopg.errors.QueryCanceled):
        try:
            guard.require_open_window(settings.deadline, settings.stop)
        except Deferred as stopped:
            return Deferred(f"cancelled while it ran: {stopped.reason}")
    return None
