"""Where the application's statements can be read: pg_stat_statements, wherever it was installed, without any text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steward import queries

if TYPE_CHECKING:
    from psycopg import sql

    from steward.profile import Profile
    from steward.session import Session

__all__ = ["EXTENSION", "Source", "find", "ours", "statements"]

EXTENSION = "pg_stat_statements"


@dataclass(frozen=True)
class Source:
    """The extension's schema; ``undecided`` says why statements cannot be read, with what to do, "" where they can."""

    schema: str
    undecided: str = ""


def find(conn: Session) -> Source:
    """Look for the extension, and whether all of it can be read."""
    found = queries.fetch(conn, "workload/extension")
    if not found:
        return Source("", f"the extension {EXTENSION} is not in the database (create extension {EXTENSION})")
    facts = found[0]
    if not facts["current"]:
        return Source("", f"{EXTENSION} is older than 1.8 (alter extension {EXTENSION} update)")
    if not facts["readable"]:
        return Source("", "other roles' statements are hidden (grant pg_monitor to the maintenance role)")
    return Source(facts["schema"])


def ours(profile: Profile) -> list[str]:
    """Return the roles whose statements are maintenance."""
    return [profile.roles.login, profile.roles.maintenance]


def statements(schema: sql.Identifier) -> sql.Composed:
    """Return the statement that reads them, a part of others."""
    return queries.compose("workload/statements", schema=schema)
