"""The only place that connects: three kinds of session, and the login session that bootstrap and the demo data need.

All sessions are autocommit, in UTC, with ``application_name`` exactly ``maintenance`` (operators' load queries leave
that name out), and have their timeouts before the first statement of their own.
"""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from steward import PrerequisiteError
from steward.database import queries, target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steward.database.target import Target
    from steward.profile import Profile

__all__ = [
    "APPLICATION",
    "Session",
    "login",
    "maintenance",
    "observer",
    "probe",
    "reader",
    "second_connection",
    "set_timeouts",
]

APPLICATION = "maintenance"

Session = psycopg.Connection[dict[str, Any]]

# For what has no profile yet.
_PATIENCE = timedelta(seconds=10)
# libpq counts whole seconds, and takes one for two.
_LEAST = 2

_ALWAYS = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    # What ends idle sessions and long transactions is meant for the application (a server leaves out what it lacks).
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
}


def login(at: Target, patience: timedelta = _PATIENCE) -> Session:
    """Connect as the login role, without taking another one; wait for the server no longer than ``patience``.

    Raises:
        TargetError: the server cannot be reached or refuses the login; one line that says why.

    """
    try:
        conn = psycopg.connect(
            at.conninfo,
            autocommit=True,
            row_factory=dict_row,
            application_name=APPLICATION,
            connect_timeout=max(_LEAST, ceil(patience.total_seconds())),
            client_encoding="utf8",
        )
    except psycopg.OperationalError as error:
        raise target.explain(error, at) from None
    _set(conn, _ALWAYS)
    return conn


def maintenance(at: Target, profile: Profile, *, schedule: str = "daily", workers: int | None = None) -> Session:
    """Connect to act: the maintenance role, row security off so that filtering is an error, the schedule's resources.

    ``maintenance_work_mem`` and ``work_mem`` of the schedule are what all lanes may use together; each of the
    ``workers`` gets its share.

    Raises:
        PrerequisiteError: the login role may not take the maintenance role.

    """
    figures = profile.schedule(schedule)
    share = max(1, workers or profile.run.workers)
    settings = {
        # A killed worker's statement must not go on: the server looks for its client this often (14 and later).
        "client_connection_check_interval": _milliseconds(profile.run.connection_check),
        "row_security": "off",
        "statement_timeout": _milliseconds(figures.statement_timeout),
        "lock_timeout": _milliseconds(profile.locks.other),
        **{name: str(value) for name, value in figures.parallel.model_dump().items()},
    }
    for name, size in (("maintenance_work_mem", figures.maintenance_work_mem), ("work_mem", figures.work_mem)):
        if size is not None:
            settings[name] = _kilobytes(size, share)
    conn = login(at, profile.run.connect_timeout)
    _set(conn, settings)
    _take(conn, profile.roles.maintenance, at)
    return conn


def observer(at: Target, profile: Profile) -> Session:
    """Connect to read: the maintenance role, nothing can be written."""
    conn = reader(at, profile)
    _take(conn, profile.roles.maintenance, at)
    return conn


def reader(at: Target, profile: Profile) -> Session:
    """Connect read-only as the login itself, for what is read before a maintenance role exists."""
    conn = login(at, profile.run.connect_timeout)
    _set(
        conn,
        {
            "row_security": "off",
            "statement_timeout": _milliseconds(profile.schedule("checks").statement_timeout),
            "lock_timeout": _milliseconds(profile.locks.other),
            "default_transaction_read_only": "on",
        },
    )
    return conn


def probe(at: Target, profile: Profile, role: str) -> Session:
    """Connect as the application does: row security on, ``role`` taken; statements go in transactions."""
    conn = login(at, profile.run.connect_timeout)
    _set(
        conn,
        {
            "row_security": "on",
            "statement_timeout": _milliseconds(profile.canary.timeout),
            "lock_timeout": _milliseconds(profile.canary.timeout),
            "idle_in_transaction_session_timeout": "60s",
        },
    )
    _take(conn, role, at)
    conn.autocommit = False
    return conn


def second_connection(conn: Session, profile: Profile) -> Session:
    """Connect once more as ``conn`` did, in the maintenance role, to watch it while it waits.

    Raises:
        psycopg.OperationalError: the server takes no more sessions.

    """
    # The connect timeout is in there, too.
    password = conn.info.password or None
    other = psycopg.connect(conn.info.dsn, autocommit=True, row_factory=dict_row, password=password)
    try:
        _set(other, {**_ALWAYS, "statement_timeout": _milliseconds(profile.locks.other)})
        if profile.roles.maintenance:
            queries.execute(other, "session/settings/set_role", role=sql.Identifier(profile.roles.maintenance))
    except psycopg.Error:
        other.close()
        raise
    return other


def set_timeouts(conn: Session, **timeouts: timedelta) -> None:
    """Set timeouts of the session by their names; zero is no limit."""
    _set(conn, {name: _milliseconds(duration) for name, duration in timeouts.items()})


def _set(conn: Session, settings: Mapping[str, str]) -> None:
    queries.execute(conn, "session/settings/set", {"settings": Jsonb(dict(settings))})


def _take(conn: Session, role: str, at: Target) -> None:
    if not role:
        return
    try:
        queries.execute(conn, "session/settings/set_role", role=sql.Identifier(role))
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue) as error:
        user = sql.Identifier(conn.info.user).as_string(None)
        grant = f"grant {sql.Identifier(role).as_string(None)} to {user};"
        conn.close()
        raise PrerequisiteError(
            at.label,
            f"the login role {user} cannot take the role {role} ({error.diag.message_primary})",
            f"let an administrator run: {grant} (nox -s bootstrap -- --print-sql prints all that is needed)",
            (grant,),
        ) from None


def _milliseconds(duration: Any) -> str:
    return "0" if duration is None else f"{round(duration.total_seconds() * 1000)}ms"


def _kilobytes(size: int, share: int) -> str:
    # The server refuses less than 1 MB of maintenance_work_mem.
    return f"{max(1024, size // share // 1024)}kB"
