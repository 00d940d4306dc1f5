"""The watchdog of a statement that waits for other transactions: it cancels the statement from a second connection.

``lock_timeout`` is the same for the wait for the table, which must be brief, and for the waits for older transactions
and snapshots, which any long report prolongs. The watchdog gives each its own budget and names the blockers.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg

from steward import Busy
from steward.database import locks, queries, session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta

    from steward.database.session import Session
    from steward.engine.executor import Executor

__all__ = ["under_watchdog"]

_POLL_INTERVAL = 0.1  # seconds
_STEP = 5  # percent between two reports of one phase


@contextmanager
def under_watchdog(executor: Executor, relation: str, drain: timedelta | None = None) -> Iterator[None]:
    """Run the body's one statement (budget "watched") under a watchdog; its progress is journaled.

    Raises:
        Busy: it was ended, since ``relation``'s lock was not had within ``locks.other``, or since the transactions that
            it waited for took longer than ``drain`` (``locks.drain``) in all; the reason says who they are and how to
            end them.

    """
    with session.second_connection(executor.conn, executor.settings.profile) as observer:
        watchdog = _Watchdog(executor, observer, relation, drain or executor.settings.profile.locks.drain)
        thread = threading.Thread(target=watchdog.run, name="watchdog", daemon=True)
        thread.start()
        try:
            yield
        except psycopg.errors.QueryCanceled as error:
            watchdog.end(thread)
            if watchdog.reason:
                raise Busy(watchdog.reason) from error
            raise
        except psycopg.errors.DeadlockDetected as error:
            raise Busy(f"{relation}: {queries.server_message(error)}; somebody else works on its indexes") from error
        finally:
            watchdog.end(thread)


class _Watchdog:
    """The body of the watchdog thread; ``reason`` says why it has cancelled the statement."""

    def __init__(self, executor: Executor, observer: Session, relation: str, drain: timedelta) -> None:
        self.reason = ""
        self._executor = executor
        self._observer = observer
        self._relation = relation
        self._pid = executor.conn.info.backend_pid
        self._over = threading.Event()
        self._drain = drain.total_seconds()
        self._remaining = {"table": executor.settings.profile.locks.other.total_seconds(), "drain": self._drain}
        self._reported: tuple[str | None, int] = (None, 0)
        self._termination: locks.BlockerTermination | None = None

    def end(self, thread: threading.Thread) -> None:
        """Stop the thread, and wait for its end."""
        self._over.set()
        thread.join()

    def run(self) -> None:
        """Poll until the statement ends; where polling fails, the statement's own timeout remains."""
        last_poll = time.monotonic()
        with ExitStack() as stack, self._reporting_failure():
            while not self._over.wait(_POLL_INTERVAL):
                rows = queries.fetch(self._observer, "maintenance/reindex_progress", {"pid": self._pid})
                now = time.monotonic()
                for row in rows:
                    self._report(row)
                    self._wait(row, now - last_poll, stack)
                last_poll = now

    @contextmanager
    def _reporting_failure(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            self._executor.progress(phase=f"the watchdog ended: {queries.server_message(error)}")
        except OSError:
            # The journal cannot be written, and what cannot be recorded must not go on: the main thread fails likewise.
            self._executor.conn.cancel_safe()

    def _report(self, row: dict[str, Any]) -> None:
        percent = row["percent"] or 0
        if row["phase"] is not None and (row["phase"], percent // _STEP) != self._reported:
            self._reported = (row["phase"], percent // _STEP)
            self._executor.progress(phase=row["phase"], percent=percent)

    def _wait(self, row: dict[str, Any], seconds: float, stack: ExitStack) -> None:
        if row["lock"] is None:
            return
        # The first lock is the table's; once it works, all that it waits for are transactions of others.
        kind = "table" if row["phase"] is None and row["lock"] == "relation" else "drain"
        self._remaining[kind] -= seconds
        if self._remaining[kind] > 0 or self._over.is_set():
            return
        limits = self._executor.settings.profile.locks
        if limits.terminate_blockers and self._termination is None:
            self._termination = stack.enter_context(
                locks.BlockerTermination(self._executor.conn, self._executor.settings.profile, self._report_termination)
            )
            self._remaining[kind] = limits.other.total_seconds()
            return
        self.reason = self._busy_reason(kind, row)
        with suppress(psycopg.Error):
            self._executor.conn.cancel_safe()
        self._over.set()

    def _report_termination(self, facts: Mapping[str, object]) -> None:
        self._executor.terminated.append(facts)
        self._executor.progress(phase=f"terminated pid {facts['pid']} ({facts['application']}, {facts['state']})")

    def _busy_reason(self, kind: str, row: dict[str, Any]) -> str:
        limits = self._executor.settings.profile.locks
        holders = row["holders"] or "nobody who is still there"
        kept = self._termination.kept if self._termination else ""
        if kind == "table":
            message = f"lock of {self._relation} not had in {limits.other.total_seconds():g} s: {holders}"
        else:
            doing = row["phase"] or "dropping"
            message = f"transactions of others took longer than {self._drain:g} s ({doing}): {holders}"
        return f"{message}; not terminated: {kept}" if kept else message
