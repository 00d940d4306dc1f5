"""The bootstrap: applies what the suite needs in a database, prints it for an administrator, or lists what is missing.

Ownership and settings of the application's objects are never changed, and no password is ever set.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from steward import PrerequisiteError
from steward.database import queries, session
from steward.record import ledger
from steward.setup.requirements import DerivedRequirement, FixedRequirement, plain, requirements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steward.database.session import Session
    from steward.database.target import Target
    from steward.profile import Profile

__all__ = ["apply", "main", "missing_statements", "print_script", "require", "script"]

_HEADER = """\
-- What the maintenance suite needs in a database (profile {profile}). Run it once in each database, as a superuser:
--     psql --no-psqlrc --set ON_ERROR_STOP=1 --dbname DATABASE --file THIS_FILE
-- It can be run again at any time, and does only what is missing. Passwords are yours to set.
"""
_REMEDY = "run nox -s bootstrap as a superuser, or hand the output of nox -s bootstrap -- --print-sql to one"


def apply(conn: Session, profile: Profile) -> tuple[str, ...]:
    """Create what is missing, all of it or nothing, and return the statements that did; run as a superuser.

    Raises:
        PrerequisiteError: the server refused one of them.

    """
    executed: list[str] = []
    try:
        with conn.transaction():
            _execute(conn, plain("bootstrap/script/lock"))
            for requirement in requirements(profile):
                for statement in _due(conn, requirement):
                    _execute(conn, statement)
                    executed.append(f"{statement};")
            ledger.remember_profile(conn, profile)
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction) as error:
        cause = f"{error.diag.message_primary} (SQLSTATE {error.sqlstate})"
        raise PrerequisiteError(_place(conn), cause, _REMEDY, missing_statements(conn, profile)) from error
    return tuple(executed)


def script(profile: Profile) -> str:
    """Return what ``apply`` does as a script for plain psql, which decides in each database what is missing there."""
    parts = [
        _HEADER.format(profile=profile.name),
        f"{plain('bootstrap/script/begin')};\n",
        f"{plain('bootstrap/script/lock')};\n",
    ]
    parts.extend(f"-- {need.title}\n{_conditional(need)};\n" for need in requirements(profile))
    parts.append("-- the profile's figures, for monitor_storage_growth()")
    parts.extend(f"{plain(name, params)};\n" for name, params in ledger.profile_figures(profile).items())
    return "\n".join([*parts, f"{plain('bootstrap/script/commit')};\n"])


def missing_statements(conn: Session, profile: Profile) -> tuple[str, ...]:
    """Return exactly the statements that are missing, from the catalog alone; any role may ask.

    The number of queries does not depend on the database.
    """
    needs = requirements(profile)
    fixed = [need for need in needs if isinstance(need, FixedRequirement) and not need.wanted]
    conditions = sql.SQL(",\n    ").join(_raw(f"({need.needed})") for need in fixed)
    answers = dict(
        zip(
            fixed,
            conn.execute(queries.compose("bootstrap/script/needed", conditions=conditions)).fetchall()[0]["needed"],
            strict=True,
        )
    )
    found: list[str] = []
    for need in needs:
        if isinstance(need, DerivedRequirement):
            found.extend(_due(conn, need))
        elif answers.get(need):
            found.extend(need.statements)
    return tuple(f"{statement};" for statement in dict.fromkeys(found))


def require(conn: Session, profile: Profile) -> None:
    """Refuse to go on in a database that lacks something.

    Raises:
        PrerequisiteError: with the ``statements`` that are missing.

    """
    statements = missing_statements(conn, profile)
    if statements:
        cause = f"{len(statements)} statement{'s' if len(statements) > 1 else ''} of the bootstrap missing"
        raise PrerequisiteError(_place(conn), cause, _REMEDY, statements)


def print_script(profile: Profile) -> int:
    """Print the script, and nothing else; nothing connects."""
    sys.stdout.write(script(profile))
    return 0


def main(target: Target, profile: Profile) -> int:
    """Apply what is missing, and print it."""
    with session.login(target) as conn:
        executed = apply(conn, profile)
    for statement in executed:
        sys.stdout.write(f"{statement}\n")
    sys.stdout.write(f"-- {len(executed)} statements were missing in {target.label}\n")
    return 0


def _due(conn: Session, requirement: FixedRequirement | DerivedRequirement) -> Iterator[str]:
    if isinstance(requirement, DerivedRequirement):
        yield from (row["statement"] for row in conn.execute(_raw(requirement.query)))
    elif conn.execute(_raw(requirement.needed)).fetchall()[0]["needed"]:
        yield from requirement.statements


def _conditional(requirement: FixedRequirement | DerivedRequirement) -> str:
    """Return a requirement as one statement that does only what is missing."""
    if isinstance(requirement, DerivedRequirement):
        return plain("bootstrap/script/run_derived", query=_indented(requirement.query, 8))
    statements = "\n".join(f"{statement};" for statement in requirement.statements)
    return plain(
        "bootstrap/script/run_where_needed",
        needed=_indented(requirement.needed, 8),
        statements=_indented(statements, 8),
    )


def _indented(text: str, by: int) -> str:
    """Indent all lines but the first; a function's body must stay as it is, since it is compared."""
    return text if "$function$" in text else text.replace("\n", "\n" + " " * by)


def _execute(conn: Session, statement: str) -> None:
    conn.execute(_raw(statement))


def _raw(statement: str) -> sql.SQL:
    """Take text that is complete as a statement without parameters."""
    return sql.SQL(statement)


def _place(conn: Session) -> str:
    return f"database {conn.info.dbname}"
