"""A copy of the database in which anything may be written: made when it is needed, and always dropped.

It is made on the database's own server where possible: with its rows while nobody is connected, else its schema alone.
Otherwise on a private server of the suite's own, with the same roles and without a row.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from steward import Inconclusive, StewardError, TargetError
from steward.database import queries, session
from steward.database.target import Target
from steward.isolation.catalog import scope
from steward.isolation.clone import dump_restore, private_server
from steward.server import throwaway

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steward.database.session import Session
    from steward.profile import Profile
    from steward.server.binaries import Binaries

__all__ = ["Clone", "copied", "make", "opened"]

# A copy with its rows takes disk space of the production server while it is used.
_COPIED = 2**30
_PREFIX = "steward_clone_"
_LONGEST = timedelta(minutes=10)


@dataclass(frozen=True)
class Clone:
    """A database that nobody else uses, for the run's login; ``description`` says how it was made.

    ``admin`` is a superuser, where the server is the copy's own and so its roles may be changed; None elsewhere.
    """

    at: Target
    description: str
    admin: Target | None = None


@dataclass(frozen=True)
class _Source:
    """The database to copy: its session, which also marks the copy as in use, and the facts that decide how."""

    conn: Session
    at: Target
    profile: Profile
    environ: Mapping[str, str]
    facts: Mapping[str, Any]

    @property
    def programs(self) -> Binaries:
        return throwaway.client_programs(self.environ, self.conn.info.server_version // 10000)


@contextmanager
def make(at: Target, profile: Profile) -> Iterator[Target]:
    """Yield a copy of ``at`` where writing is allowed: its schema, roles and rights, and perhaps its rows.

    Raises:
        Inconclusive: none could be made; the reason says what was tried.

    """
    with opened(at, profile) as clone:
        yield clone.at


@contextmanager
def opened(
    at: Target, profile: Profile, environ: Mapping[str, str] = os.environ, *, own_server: bool = False
) -> Iterator[Clone]:
    """Yield the cheapest copy that is possible, and drop it; copies that a killed run has left are dropped first.

    ``own_server``: only one whose roles may be changed will do.

    Raises:
        Inconclusive: none could be made; the reason says what was tried.

    """
    ways = (_elsewhere,) if own_server else (_row_by_row, _schema, _elsewhere)
    tried = []
    with ExitStack() as stack:
        conn = stack.enter_context(session.login(at, profile.run.connect_timeout))
        session.set_timeouts(conn, statement_timeout=_LONGEST)
        [facts] = queries.fetch(conn, "isolation/clone/database/source")
        source = _Source(conn, at, profile, environ, facts)
        _sweep(source)
        for way in ways:
            try:
                clone = stack.enter_context(way(source))
            except (StewardError, psycopg.Error) as error:
                tried.append(_words(error))
            else:
                yield clone
                return
    raise Inconclusive(f"no copy of the database could be made: {'; '.join(tried)}")


@contextmanager
def copied(clone: Clone) -> Iterator[Clone]:
    """Yield a copy of a copy on a private server; nobody may be connected to the first one meanwhile."""
    if clone.admin is None:
        raise Inconclusive("the copy stands on a server that others use, whose roles are not the suite's to change")
    name = f"{_PREFIX}{secrets.token_hex(6)}"
    with session.login(_on(clone.admin, "postgres")) as conn:
        with session.login(clone.admin) as there:
            source = sql.Identifier(there.info.dbname)
            statements = dump_restore.session_settings(there, name)
        queries.execute(
            conn, "isolation/clone/database/create_from_source", database=sql.Identifier(name), origin=source
        )
        try:
            dump_restore.apply(conn, statements)
            yield replace(clone, at=_on(clone.at, name), admin=_on(clone.admin, name))
        finally:
            queries.execute(conn, "isolation/clone/database/drop", database=sql.Identifier(name))


def _sweep(source: _Source) -> None:
    """Drop the copies that a killed run has left: the session that marks them as in use is gone."""
    prefix = f"{_PREFIX}{source.facts['oid']}_"
    for left in queries.fetch(source.conn, "isolation/clone/database/leftovers", {"prefix": prefix}):
        queries.execute(source.conn, "isolation/clone/database/drop", database=sql.Identifier(left["name"]))


@contextmanager
def _row_by_row(source: _Source) -> Iterator[Clone]:
    facts = source.facts
    if not (facts["creates"] and facts["copies"]):
        raise TargetError(source.at.label, "the login may not create a database and copy this one", "give it CREATEDB")
    if facts["others"]:
        raise TargetError(source.at.label, f"{facts['others']} sessions are connected to it", "none may be for a copy")
    if facts["size"] > _COPIED:
        raise TargetError(source.at.label, f"it has {facts['size']} bytes", f"no more than {_COPIED} are copied")
    with _made(source, "isolation/clone/database/create_from_source", origin=sql.Identifier(facts["name"])) as clone:
        yield replace(clone, description="copied with its rows, on its own server")


@contextmanager
def _schema(source: _Source) -> Iterator[Clone]:
    if not source.facts["creates"]:
        raise TargetError(source.at.label, "the login may not create a database there", "give it CREATEDB")
    encoding = sql.Literal(source.facts["encoding"])
    with _dumped(source) as file, _made(source, "isolation/clone/database/create_empty", encoding=encoding) as clone:
        _fill(source, file, clone.at, clone.at)
        yield replace(clone, description="its schema without rows, on its own server")


@contextmanager
def _made(source: _Source, statement: str, **parts: sql.Composable) -> Iterator[Clone]:
    """Yield a new database on the same server, marked as in use by the source's session, and drop it."""
    conn = source.conn
    name = f"{_PREFIX}{source.facts['oid']}_{secrets.token_hex(6)}"
    queries.execute(conn, "isolation/clone/database/lock", {"name": name})
    try:
        queries.execute(conn, statement, None, database=sql.Identifier(name), **parts)
        queries.execute(conn, "isolation/clone/database/revoke_connect", database=sql.Identifier(name))
        dump_restore.apply(conn, dump_restore.session_settings(conn, name))
        words = make_conninfo(conn.info.dsn, dbname=name, password=conn.info.password or None)
        yield Clone(Target(source.at.kind, words, f"a copy of {source.at.label}"), "")
    finally:
        if not conn.closed and not conn.broken:
            queries.execute(conn, "isolation/clone/database/drop", database=sql.Identifier(name))


@contextmanager
def _elsewhere(source: _Source) -> Iterator[Clone]:
    programs = source.programs
    with _dumped(source) as file, private_server.running(source.environ, programs) as server:
        name = f"{_PREFIX}{secrets.token_hex(6)}"
        label = f"a copy of {source.at.label}"
        admin = Target(source.at.kind, server.conninfo("postgres", name), label)
        with session.login(_on(admin, "postgres")) as conn:
            encoding = sql.Literal(source.facts["encoding"])
            queries.execute(
                conn, "isolation/clone/database/create_empty", database=sql.Identifier(name), encoding=encoding
            )
            dump_restore.apply(conn, dump_restore.roles(source.conn, conn))
            dump_restore.apply(conn, dump_restore.session_settings(source.conn, name, everywhere=True))
        at = Target(source.at.kind, server.conninfo(source.conn.info.user, name), label)
        _fill(source, file, at, admin)
        description = f"its schema without rows, on a private server (PostgreSQL {programs.version_text})"
        yield Clone(at, description, admin)


@contextmanager
def _dumped(source: _Source) -> Iterator[Path]:
    """Yield a dump of the schema."""
    with tempfile.TemporaryDirectory(prefix="steward-clone-") as folder:
        file = Path(folder) / "schema"
        dump_restore.dump(source.conn, source.programs, source.profile, file)
        yield file


def _fill(source: _Source, file: Path, at: Target, admin: Target) -> None:
    """Restore the schema as ``admin``, and verify it as the run's login."""
    with session.login(admin) as conn:
        messages = dump_restore.restore(source.programs, file, conn)
    with session.login(at) as there:
        dump_restore.verify(source.conn, there, source.profile, scope.application_roles(source.profile), messages)


def _on(at: Target, database: str) -> Target:
    return replace(at, conninfo=make_conninfo(at.conninfo, dbname=database))


def _words(error: StewardError | psycopg.Error) -> str:
    return queries.server_message(error) if isinstance(error, psycopg.Error) else str(error)
