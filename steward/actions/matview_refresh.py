"""One refresh: concurrently or plain by rule, in a transaction that is only committed when nothing was lost.

An emptied view thus never becomes visible, and the record of the refresh is as true as its content.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from steward import Busy, Deferred
from steward.actions import matview_state
from steward.actions.matview_state import UnfitContentError
from steward.database import disk_space, queries
from steward.engine import guard
from steward.engine.executor import Statement, ended_by_window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta

    from steward.actions.matview_state import StaleMatview
    from steward.engine.executor import Executor
    from steward.profile import Profile

__all__ = ["Refresh", "RefreshMode", "analyze", "choose_mode", "concurrent", "plain"]

# From 17 on REFRESH runs with a search_path of pg_catalog and pg_temp only.
_SAFE_PATH = 170000
_POLL_INTERVAL = 0.2  # s
_UNDEFINED = (psycopg.errors.UndefinedFunction, psycopg.errors.UndefinedTable, psycopg.errors.UndefinedObject)


@dataclass(frozen=True)
class RefreshMode:
    """How a view is refreshed and why; ``bounded``: cancelled when readers would wait longer than they may."""

    mode: Literal["plain", "concurrent"]
    why: str
    bounded: bool = False


class _TooLongError(Exception):
    """A plain refresh would keep readers waiting for too long; ``seconds`` where that was measured."""

    def __init__(self, why: str, seconds: float | None = None) -> None:
        super().__init__(why)
        self.seconds = seconds


def choose_mode(facts: Mapping[str, Any], profile: Profile) -> RefreshMode:
    """Return the mode: plain where nobody can read, where no other is possible, or where readers hardly notice.

    A concurrent refresh runs the same query and more, so its duration stands for that of a plain one that is not known.
    """
    limit = profile.locks.access_exclusive.total_seconds()
    expected = facts["seconds"] if facts["plain_seconds"] is None else facts["plain_seconds"]
    if not facts["populated"]:
        return RefreshMode("plain", "it holds nothing yet, so that nobody can read it")
    if not facts["has_key"]:
        return RefreshMode(
            "plain", "no unique index on columns allows CONCURRENTLY", profile.refresh.without_key == "refuse"
        )
    if expected is None:
        return RefreshMode("concurrent", "how long readers would wait is not known yet")
    if expected <= limit * profile.refresh.plain_share:
        return RefreshMode("plain", f"the last one took {expected:g} s, and readers may wait {limit:g} s", bounded=True)
    return RefreshMode("concurrent", f"the last one took {expected:g} s, and readers may wait {limit:g} s")


def plain(view: StaleMatview) -> Statement:
    """Return the plain refresh, for which readers wait."""
    return _statement("maintenance/matview_refresh/refresh", view, "ACCESS EXCLUSIVE")


def concurrent(view: StaleMatview) -> Statement:
    """Return the concurrent refresh, which readers do not wait for."""
    return _statement("maintenance/matview_refresh/refresh_concurrently", view, "EXCLUSIVE")


def analyze(view: StaleMatview) -> Statement:
    """Return the ANALYZE of the view."""
    return _statement("maintenance/matview_refresh/analyze", view, "SHARE UPDATE EXCLUSIVE")


def _statement(name: str, view: StaleMatview, lock: str, server_version: int = 0) -> Statement:
    table = sql.Identifier(view.schema, view.name)
    text = queries.compose(name, server_version, view=table)
    return Statement(text, f"{lock} on {view.ident}")


class Refresh:
    """The refresh of one view on the acting connection; ``facts`` decide its mode."""

    def __init__(self, executor: Executor, view: StaleMatview, facts: Mapping[str, Any]) -> None:
        self.executor = executor
        self.view = view
        self.facts = facts
        self.profile = executor.settings.profile
        self.timeout: timedelta = executor.settings.figures.timeout("matviews")

    def run(self) -> Mapping[str, object]:
        """Refresh the view, and return the figures for the record.

        Raises:
            UnfitContentError: the view would be emptied, or cannot be refreshed as it is; it is as it was.

        """
        matview_state.require_unfiltered(self.facts)
        disk_space.require(self.executor.conn, self.profile, self.facts["size"], tablespace=self.facts["tablespace"])
        previous = self._content() if self.facts["populated"] else None
        chosen, cancelled = choose_mode(self.facts, self.profile), None
        if chosen.bounded:
            try:
                done = self._bounded(chosen, previous)
            except _TooLongError as error:
                chosen, cancelled = self._concurrent_instead(error), error.seconds
                done = self._with_retries(chosen, previous)
        else:
            done = self._with_retries(chosen, previous)
        self.executor.progress(phase=f"refreshed, {chosen.mode}", rows=done["rows"])
        unsettled = self._take_statistics(dead=done["dead"])
        outcome = {"mode": chosen.mode, "why": chosen.why, "oid": self.view.oid, "unsettled": unsettled, **done}
        before = {"rows_before": previous and previous["rows"], "tenants_before": previous and previous["tenants"]}
        # What a plain one lasts is remembered by the log, and decides about the next.
        measured = done["seconds"] if chosen.mode == "plain" else cancelled
        return {**outcome, **before, **({} if measured is None else {"plain_seconds": measured})}

    def _bounded(self, chosen: RefreshMode, previous: Mapping[str, Any] | None) -> dict[str, Any]:
        """Refresh while readers wait, unless they would wait longer than they may.

        Raises:
            _TooLongError: they would; nothing was done.

        """
        limit, started = self.profile.locks.access_exclusive, time.monotonic()
        self.executor.limit(statement_timeout=limit)
        try:
            # Where a concurrent refresh is possible, a plain one neither tries again nor terminates anybody.
            return (
                self._single_attempt(chosen, previous)
                if self.facts["has_key"]
                else self._with_retries(chosen, previous)
            )
        except psycopg.errors.LockNotAvailable as error:
            raise _TooLongError("a plain one would have had to wait for readers") from error
        except psycopg.errors.QueryCanceled as error:
            if time.monotonic() - started < limit.total_seconds() or ended_by_window(self.executor.settings, error):
                raise
            seconds = limit.total_seconds()
            raise _TooLongError(
                f"a plain one was cancelled after {seconds:g} s, so as not to stall readers", seconds
            ) from error
        finally:
            if not (self.executor.conn.closed or self.executor.conn.broken):
                self.executor.limit(statement_timeout=self.timeout)

    def _concurrent_instead(self, error: _TooLongError) -> RefreshMode:
        if not self.facts["has_key"]:
            raise UnfitContentError(
                f"{error}; no unique index allows CONCURRENTLY",
                "create a unique index on plain columns of the view, without a condition, or let readers wait by "
                'refresh.without_key = "plain"',
            ) from error
        return RefreshMode("concurrent", str(error))

    def _single_attempt(self, chosen: RefreshMode, previous: Mapping[str, Any] | None) -> dict[str, Any]:
        self.executor.progress(phase=f"refreshing, {chosen.mode}: {chosen.why}")
        with self._with_remedies(), self.executor.conn.transaction():
            return self._transaction(chosen, previous)

    def _with_retries(self, chosen: RefreshMode, previous: Mapping[str, Any] | None) -> dict[str, Any]:
        self.executor.progress(phase=f"refreshing, {chosen.mode}: {chosen.why}")
        budget: Literal["brief", "other"] = "brief" if chosen.mode == "plain" else "other"
        with self._with_remedies():
            return self.executor.attempt(lambda: self._transaction(chosen, previous), budget=budget)

    def _transaction(self, chosen: RefreshMode, previous: Mapping[str, Any] | None) -> dict[str, Any]:
        conn = self.executor.conn
        if chosen.bounded:
            # Readers queue from the moment when the lock is waited for: both together must not last too long.
            limits = self.profile.locks.access_exclusive * (1 - self.profile.refresh.plain_share)
            settings = {"lock_timeout": f"{max(1, round(limits.total_seconds() * 1000))}ms"}
            queries.execute(conn, "session/settings/set_for_transaction", {"settings": Jsonb(settings)})
        self.executor.execute(plain(self.view) if chosen.mode == "plain" else concurrent(self.view))
        changed = queries.fetch(conn, "maintenance/matview_refresh/changes", {"oid": self.view.oid})[0]
        fresh = self._content()
        matview_state.require_kept(self.executor, self.facts, previous, fresh)
        note = {"view_name": self.facts["view_name"], "rows": fresh["rows"]}
        seconds = queries.fetch(conn, "maintenance/matview_refresh/record", note)[0]["seconds"]
        return {**fresh, "dead": changed["dead"] if chosen.mode == "concurrent" else 0, "seconds": seconds}

    def _content(self) -> dict[str, Any]:
        return matview_state.content(self.executor, self.view, by_tenant=self.facts["has_tenant"])

    def _take_statistics(self, *, dead: int) -> str:
        """Analyze the view, and vacuum what a concurrent refresh left dead; return why that could not be done, else "".

        The refresh is committed by then: missing statistics are due for ANALYZE and VACUUM in the next run.
        """
        # Counted after ANALYZE has set the changes to none, the refresh's own would make the next run analyze it again.
        queries.execute(self.executor.conn, "maintenance/matview_refresh/flush_counters")
        try:
            if dead:
                self._await_other_lanes()
                name, version = "maintenance/matview_refresh/vacuum", self.executor.server_version
                self.executor.execute(_statement(name, self.view, "SHARE UPDATE EXCLUSIVE", version))
            else:
                self.executor.execute(analyze(self.view))
        except Busy as busy:
            return f"not analyzed: {busy.reason}"
        return ""

    def _await_other_lanes(self) -> None:
        """Wait for the run's other lanes, whose earlier snapshots keep dead rows from being removed."""
        conn, settings = self.executor.conn, self.executor.settings
        horizon = queries.fetch(conn, "maintenance/matview_refresh/horizon")[0]
        give_up = time.monotonic() + self.profile.locks.drain.total_seconds()
        reported = False
        with suppress(Deferred):
            while (
                queries.fetch(conn, "maintenance/matview_refresh/older_snapshots", horizon)
                and time.monotonic() < give_up
            ):
                if not reported:
                    self.executor.progress(
                        phase="waiting for the run's other lanes, whose snapshots keep its dead rows"
                    )
                    reported = True
                guard.require_open_window(settings.deadline, settings.stop)
                time.sleep(_POLL_INTERVAL)

    @contextmanager
    def _with_remedies(self) -> Iterator[None]:
        """Add the remedy to the server's message; the refresh has been rolled back then."""
        started = time.monotonic()
        try:
            yield
        except psycopg.errors.QueryCanceled as error:
            # Zero is no limit: then it was not this one that cancelled.
            whole = self.timeout and time.monotonic() - started >= self.timeout.total_seconds()
            if not whole or ended_by_window(self.executor.settings, error):
                raise
            schedule, seconds = self.executor.settings.schedule, self.timeout.total_seconds()
            remedy = f"give it longer by matviews in [{schedule}.statement_timeouts], or its query an index"
            raise UnfitContentError(f"cancelled after {seconds:g} s (SQLSTATE {error.sqlstate})", remedy) from error
        except psycopg.errors.InsufficientPrivilege as error:
            owner = self.facts["owner"]
            raise UnfitContentError(
                _with_sqlstate(error),
                f"a refresh needs the rights of its owner, {owner}, which must see every row that the view reads: "
                f"grant {owner} to {self.profile.roles.maintenance}, or alter role {owner} bypassrls",
            ) from error
        except _UNDEFINED as error:
            matview_state.current_facts(self.executor, self.view)
            if self.executor.server_version < _SAFE_PATH:
                raise
            raise UnfitContentError(
                _with_sqlstate(error),
                "from PostgreSQL 17 on a refresh searches pg_catalog and pg_temp only: qualify the names in the "
                "functions that the view calls, or alter function … set search_path",
            ) from error


def _with_sqlstate(error: psycopg.Error) -> str:
    return f"{queries.server_message(error)} (SQLSTATE {error.sqlstate})"
