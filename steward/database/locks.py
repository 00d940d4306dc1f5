"""Advisory locks of the run and of each lane, held on the connection that acts; and who holds other locks.

A killed client's statement goes on until its backend ends, and so does an advisory lock of that backend. Whoever acts
holds the run lock shared on its own connection, so that no new run starts while an old one's statement is at work.
"""

from __future__ import annotations

import hashlib
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import psycopg

from steward import Busy, LockHeldError, TargetError
from steward.database import queries, session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

    from steward.database.session import Session
    from steward.profile import Profile

__all__ = [
    "BlockerTermination",
    "acting_pids",
    "blockers",
    "cancel_acting",
    "join_run",
    "lane",
    "require_direct",
    "take_run",
]


def _key(name: str) -> int:
    """Return the signed 64-bit number under which PostgreSQL knows the lock called ``name``."""
    return int.from_bytes(hashlib.sha256(f"steward:{name}".encode()).digest()[:8], "big", signed=True)


_RUN = _key("run")
# The pauses between two polls of a waiting session, in seconds: the first, and the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0


def _had(conn: Session, name: str, key: int) -> bool:
    return bool(queries.fetch(conn, name, {"key": key})[0]["had"])


def require_direct(conn: Session, label: str) -> None:
    """Refuse a pooler: in transaction mode a session's locks and settings belong to whoever comes next.

    Every pooler makes up the process id that it tells its client, whatever its mode.

    Raises:
        TargetError: the process that serves the session's statements is not the one that greeted it.

    """
    if queries.fetch(conn, "locks/sessions/own_pid")[0]["pid"] != conn.info.backend_pid:
        raise TargetError(
            label,
            "the connection goes through a pooler, which may serve one session with several server processes",
            "name the server itself in DATABASE_URL",
        )


def take_run(conn: Session, label: str) -> None:
    """Make ``conn`` the run's supervisor: nobody else acts, and no other run can start until it ends.

    Exclusive first, which only succeeds when no run and no left-over statement of one is alive; then shared, which
    lets the run's own workers in and keeps others out; then the exclusive lock goes.

    Raises:
        LockHeldError: another run, or a statement that outlived one, holds the lock.

    """
    if not _had(conn, "locks/advisory/try_exclusive", _RUN):
        holders = ", ".join(
            f"pid {row['pid']} ({row['application'] or 'unnamed'} from {row['client']}, for {row['age']})"
            for row in queries.fetch(conn, "locks/advisory/holders", {"key": _RUN})
        )
        raise LockHeldError(
            label, f"another run is going on: {holders or 'just ended'}", "nothing was done; try again later"
        )
    _had(conn, "locks/advisory/try_shared", _RUN)
    queries.execute(conn, "locks/advisory/release_exclusive", {"key": _RUN})


def join_run(conn: Session) -> None:
    """Hold the run lock shared on a connection that acts.

    Raises:
        LockHeldError: a new run is just starting, so this one's supervisor is gone.

    """
    if not _had(conn, "locks/advisory/try_shared", _RUN):
        raise LockHeldError(
            "run lock", "another run is starting, so the supervisor of this one has died", "read its log"
        )


@contextmanager
def lane(conn: Session, name: str) -> Iterator[None]:
    """Hold a lane's lock for the time of one action.

    Raises:
        Busy: another session acts in the lane.

    """
    key = _key(f"lane:{name}")
    if not _had(conn, "locks/advisory/try_exclusive", key):
        pids = ", ".join(str(row["pid"]) for row in queries.fetch(conn, "locks/advisory/holders", {"key": key}))
        raise Busy(f"{name}: another action is at work on it (pid {pids or 'unknown'})")
    try:
        yield
    finally:
        if not conn.closed:
            queries.execute(conn, "locks/advisory/release_exclusive", {"key": key})


def acting_pids(conn: Session) -> list[int]:
    """Return the pids of the sessions that act for the run whose supervisor ``conn`` is."""
    return [row["pid"] for row in queries.fetch(conn, "locks/advisory/holders", {"key": _RUN})]


def cancel_acting(conn: Session) -> list[int]:
    """Cancel what the run's sessions are doing, and return their pids.

    As the login role: sessions belong to who logged in, and the maintenance role is no member of that one.
    """
    pids = acting_pids(conn)
    with conn.transaction():
        queries.execute(conn, "session/settings/set_login_role")
        for pid in pids:
            queries.execute(conn, "locks/sessions/cancel", {"pid": pid})
    return pids


def blockers(conn: Session, relations: Sequence[int], *, snapshots: bool = False) -> str:
    """Name who holds locks on the relations or their partition trees: pid, application, state, mode, age and remedy.

    With ``snapshots`` also who holds one in this database, which CONCURRENTLY commands wait for.
    """
    rows = queries.fetch(conn, "locks/blockers", {"relations": list(relations), "snapshots": snapshots})
    return "; ".join(
        f"{row['holder']} holds {row['mode']} for {row['age'] or 'an unknown time'} ({row['remedy']})" for row in rows
    )


class BlockerTermination:
    """While it is open, terminates the clients that hold what ``conn`` waits for, on a session of its own.

    It spares maintenance itself, whatever is no client (autovacuum gives way, or prevents wraparound), and those that
    the role may not terminate; ``kept`` names them with the reason. ``report`` gets pid, application, state and age of
    each that was terminated.
    """

    def __init__(self, conn: Session, profile: Profile, report: Callable[[Mapping[str, object]], None]) -> None:
        self._conn = conn
        self._profile = profile
        self._report = report
        self._kept: dict[int, str] = {}
        self._gone: set[int] = set()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        # Connected before the attempt begins, whose patience may be short.
        try:
            beside = session.second_connection(self._conn, self._profile)
        except psycopg.Error as error:
            self._failed(error)
        else:
            self._thread = threading.Thread(target=self._poll, args=(beside,))
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread:
            self._thread.join()

    @property
    def kept(self) -> str:
        """Who was not terminated, and why."""
        return "; ".join(f"pid {pid}: {why}" if pid else why for pid, why in sorted(self._kept.items()))

    def helped(self) -> bool:
        """Wait until those that were terminated are gone, and return whether to try again: none was spared."""
        give_up = time.monotonic() + self._profile.locks.other.total_seconds()
        while time.monotonic() < give_up and queries.fetch(
            self._conn, "locks/sessions/alive", {"pids": list(self._gone)}
        ):
            time.sleep(_FIRST_PAUSE)
        return not self._kept

    def _poll(self, beside: Session) -> None:
        pause = _FIRST_PAUSE
        try:
            with beside:
                while not self._over.wait(pause):
                    self._terminate_blocking(beside)
                    pause = min(2 * pause, _LONGEST_PAUSE)
        except psycopg.Error as error:
            self._failed(error)

    def _terminate_blocking(self, conn: Session) -> None:
        for row in queries.fetch(conn, "locks/blocking", {"pid": self._conn.info.backend_pid}):
            if row["spared"]:
                self._kept[row["pid"]] = row["spared"]
            elif row["pid"] not in self._gone and queries.fetch(conn, "locks/sessions/terminate", row):
                self._gone.add(row["pid"])
                self._report({name: row[name] for name in ("pid", "application", "state", "age")})

    def _failed(self, error: psycopg.Error) -> None:
        self._kept[0] = f"the holder could not be searched for ({queries.server_message(error)})"
