"""The conditions for acting: a primary, the window, load and lag; checked before an action and between batches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from steward import Deferred, Inconclusive, TargetError
from steward.database import locks, queries, session

if TYPE_CHECKING:
    from pathlib import Path

    from steward.database.session import Session
    from steward.profile import Profile

__all__ = ["limit_to_window", "require_low_load", "require_open_window", "require_primary"]


_MB = 1 << 20


def require_primary(conn: Session, profile: Profile, label: str) -> None:
    """Refuse a standby, on which nothing can be maintained.

    Raises:
        TargetError: the server is in recovery.

    """
    if _state(conn, profile)["in_recovery"]:
        raise TargetError(label, "the server is a standby in recovery", "name the primary in DATABASE_URL")


def require_open_window(deadline: datetime | None, stop: Path | None = None) -> None:
    """Refuse to start anything after the window, or when the supervisor has left the file ``stop``.

    Raises:
        Deferred: the window is over, or the run is being stopped; the reason is the file's text.

    """
    if stop is not None and stop.exists():
        raise Deferred(stop.read_text(encoding="utf-8") or "the run is being stopped")
    if deadline is not None and datetime.now(UTC) >= deadline:
        raise Deferred(f"the maintenance window ended at {deadline:%H:%M:%S} UTC")


def limit_to_window(conn: Session, deadline: datetime | None) -> None:
    """Let no statement of the session outlive the window, if there is one.

    Raises:
        Deferred: it is over.

    """
    if deadline is not None:
        require_open_window(deadline)
        # Zero would be no limit at all.
        session.set_timeouts(conn, statement_timeout=max(deadline - datetime.now(UTC), timedelta(milliseconds=1)))


def require_low_load(conn: Session, profile: Profile) -> None:
    """Refuse heavy work while the application is busy, or waits for its own locks, or a standby is behind.

    Raises:
        Deferred: more sessions are active or wait than the profile allows, or replication lags.
        Inconclusive: other sessions' state cannot be seen without membership of pg_monitor.

    """
    state = _state(conn, profile)
    if not state["sees_activity"]:
        raise Inconclusive(
            f"the load is unknown: {conn.info.user} does not see other sessions; "
            f"grant pg_monitor to {profile.roles.maintenance}"
        )
    _require_calm(conn, profile, state)
    lag_limit = profile.lag.replay.total_seconds()
    if state["lag_seconds"] > lag_limit:
        raise Deferred(f"a standby lags {state['lag_seconds']:.0f} s, over {lag_limit:.0f} s", load=state)
    if state["lag_bytes"] > profile.lag.size:
        lag, allowed = state["lag_bytes"] / _MB, profile.lag.size / _MB
        raise Deferred(f"a standby or slot is {lag:.0f} MB behind, over {allowed:.0f} MB", load=state)


def _require_calm(conn: Session, profile: Profile, state: dict[str, Any]) -> None:
    limit = profile.load.active_sessions
    if profile.target.cpus:
        limit = min(limit, round(profile.load.per_cpu * profile.target.cpus)) or limit
    if state["active_sessions"] > limit:
        raise Deferred(f"{state['active_sessions']} sessions of the application are active, over {limit}", load=state)
    # The server reads all its locks to find who blocks whom: asked only where it can matter.
    if state["lock_waiters"] > profile.load.lock_waiters:
        waiters = _waiting_for_each_other(conn, profile)
        if waiters > profile.load.lock_waiters:
            message = f"{waiters} sessions of the application wait for locks, over {profile.load.lock_waiters}"
            raise Deferred(message, load={**state, "lock_waiters": waiters})


def _waiting_for_each_other(conn: Session, profile: Profile) -> int:
    ours = [*locks.acting_pids(conn), conn.info.backend_pid]
    params = {"ignored": list(profile.load.ignored_applications), "ours": ours}
    return int(queries.fetch(conn, "guard/lock_waiters", params)[0]["waiters"])


def _state(conn: Session, profile: Profile) -> dict[str, Any]:
    return queries.fetch(conn, "guard/state", {"ignored": list(profile.load.ignored_applications)})[0]
