"""Dump and restore of a database into its copy: schema, roles and settings, and the verification of all three."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

from steward import TargetError
from steward.database import queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from steward.database.session import Session
    from steward.profile import Profile
    from steward.server.binaries import Binaries

__all__ = ["apply", "dump", "restore", "roles", "session_settings", "verify"]

_LONGEST = timedelta(minutes=10)
# Objects that would reach other servers, or would prevent changes of the copy's schema.
_LEFT_OUT = re.compile(r"\d+; \d+ \d+ (?:USER MAPPING|EVENT TRIGGER|PUBLICATION|SUBSCRIPTION)\b")
_SHOWN = 3
# The first libpq that knows a parameter: an older program refuses a connection that names it, even the default.
_SINCE = {
    "gssdelegation": 16,
    "load_balance_hosts": 16,
    "require_auth": 16,
    "sslcertmode": 16,
    "sslnegotiation": 17,
    "max_protocol_version": 18,
    "min_protocol_version": 18,
}


def dump(conn: Session, programs: Binaries, profile: Profile, file: Path) -> None:
    """Write the schema of the database that ``conn`` is connected to, as the maintenance role; no row is read.

    Raises:
        TargetError: pg_dump failed; its own words, and the grant that it needs.

    """
    role = profile.roles.maintenance
    words = ["--schema-only", "--format=custom", f"--file={file}", "--no-tablespaces", "--no-security-labels"]
    words += ["--no-comments", f"--lock-wait-timeout={round(profile.locks.other.total_seconds() * 1000)}"]
    words += [f"--role={role}"] if role else []
    done = _run(programs, "pg_dump", [f"--dbname={_words(conn, programs)}", *words], conn.info.password)
    if done.returncode:
        who = role or conn.info.user
        raise TargetError("pg_dump", _told(done.stderr), f"it needs grant select on every table to {who}")


def restore(programs: Binaries, file: Path, there: Session) -> str:
    """Restore a dump into the empty database that ``there`` is connected to, and return what pg_restore could not.

    Whether that matters is for ``verify`` to say.
    """
    listed = _run(programs, "pg_restore", ["--list", str(file)])
    if listed.returncode:
        raise TargetError("pg_restore", _told(listed.stderr), "see that there is room for a dump of the schema")
    chosen = file.with_suffix(".list")
    lines = [line for line in listed.stdout.splitlines() if not _LEFT_OUT.match(line)]
    chosen.write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = [f"--use-list={chosen}", f"--dbname={_words(there, programs)}", str(file)]
    done = _run(programs, "pg_restore", words, there.info.password)
    return _told(done.stderr) if done.returncode else ""


def _words(conn: Session, programs: Binaries) -> str:
    """Return the connection string of ``conn`` with the parameters that the programs know, without any password."""
    given = conn.info.get_parameters()
    secret = {option.keyword.decode() for option in conn.pgconn.info if option.dispchar == b"*"}
    known = {key: value for key, value in given.items() if _SINCE.get(key, 0) <= programs.version}
    return make_conninfo("", **{key: value for key, value in known.items() if key not in secret})


def roles(source: Session, there: Session) -> list[str]:
    """Return the statements that create the roles of one server on another: attributes and memberships, no password."""
    [known] = queries.fetch(there, "isolation/clone/roles/names")
    rows = queries.fetch(source, "isolation/clone/roles/create", {"known": known["names"]})
    return [row["statement"] for row in rows]


def session_settings(source: Session, database: str, *, everywhere: bool = False) -> list[str]:
    """Return the statements that give sessions of the copy ``database`` the default settings of ``source``.

    ``everywhere``: the settings of roles in all databases, too, since the roles are new there.
    """
    params = {"database": database, "everywhere": everywhere}
    return [row["statement"] for row in queries.fetch(source, "isolation/clone/settings", params)]


def apply(there: Session, statements: Sequence[str]) -> None:
    """Run the statements in one round trip: a server may have thousands of roles."""
    if statements:
        there.execute(";\n".join(statements).encode())


def verify(source: Session, there: Session, profile: Profile, names: Sequence[str], messages: str) -> None:
    """Verify that relations, row-level security, policies, grants and the application's roles are the same in both.

    Raises:
        TargetError: they are not; ``said`` is what pg_restore said about it.

    """
    params = {"column": profile.tenancy.column, "roles": list(names)}
    here, copied = (
        {row["fact"] for row in queries.fetch(conn, "isolation/clone/manifest", params)} for conn in (source, there)
    )
    if here != copied:
        differences = [f"no {fact}" for fact in sorted(here - copied)] + sorted(copied - here)
        shown = "; ".join(differences[:_SHOWN])
        more = f"; and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
        why = f" (pg_restore: {messages})" if messages else ""
        remedy = "install on this machine what the database needs (extensions, the server's own major version)"
        raise TargetError("the copy", f"it is not what the database is: {shown}{more}{why}", remedy)


def _run(programs: Binaries, name: str, words: Sequence[str], password: str = "") -> subprocess.CompletedProcess[str]:
    """Run one of the programs; the password goes through the environment, since anybody may read its arguments."""
    environment = {**programs.environment, "HOME": os.environ.get("HOME", "/"), "PGPASSWORD": password}
    try:
        return subprocess.run(
            [programs.program(name), *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST.total_seconds(),
        )
    except subprocess.TimeoutExpired:
        raise TargetError(name, f"it took more than {_LONGEST}", "see what it waits for") from None


def _told(output: str) -> str:
    """Return the first line with an error, without the program's name."""
    lines = [line.strip() for line in output.splitlines() if "error:" in line.lower()]
    return re.sub(r"^pg_\w+: error: ", "", (lines or ["no message"])[0])
