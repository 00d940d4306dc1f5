"""The statements of the application, from pg_stat_statements and the server's log, without their texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.errors import ObjectNotInPrerequisiteState

from steward.database import queries
from steward.database.session import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steward.database.session import Session
    from steward.engine.check import Check
    from steward.profile import Profile

__all__ = [
    "EXTENSION",
    "StatementStatistics",
    "comparison_parts",
    "find_extension",
    "logged_durations",
    "maintenance_roles",
    "slow_statements",
    "statements_query",
]

EXTENSION = "pg_stat_statements"


@dataclass(frozen=True)
class StatementStatistics:
    """The extension's schema; ``undecided`` says why statements cannot be read, with what to do, "" where they can."""

    schema: str
    undecided: str = ""


def find_extension(conn: Session) -> StatementStatistics:
    """Return where the extension is, and whether all of it can be read."""
    found = queries.fetch(conn, "workload/statements/extension")
    if not found:
        return StatementStatistics(
            "", f"the extension {EXTENSION} is not in the database (create extension {EXTENSION})"
        )
    facts = found[0]
    if not facts["current"]:
        return StatementStatistics("", f"{EXTENSION} is older than 1.8 (alter extension {EXTENSION} update)")
    if not facts["readable"]:
        return StatementStatistics("", "other roles' statements are hidden (grant pg_monitor to the maintenance role)")
    try:
        queries.execute(conn, "workload/statements/loaded", schema=sql.Identifier(facts["schema"]))
    except ObjectNotInPrerequisiteState as error:
        return StatementStatistics("", f"{queries.server_message(error)} (then restart the server)")
    return StatementStatistics(facts["schema"])


def maintenance_roles(profile: Profile) -> list[str]:
    """Return the roles whose statements are maintenance."""
    return [profile.roles.login, profile.roles.maintenance]


def statements_query(source: StatementStatistics) -> sql.Composed:
    """Return the statement that reads them, a part of others; where they cannot be read, one that has no rows."""
    if source.undecided:
        return queries.compose("workload/statements/no_figures")
    return queries.compose("workload/statements/figures", schema=sql.Identifier(source.schema))


def comparison_parts(check: Check) -> dict[str, sql.Composable]:
    """Return the parts of a query that compares with the last snapshot before the run."""
    since = queries.compose("ledger/counted_since", check.conn.info.server_version)
    return {
        "earlier": queries.compose("snapshots/history/before_this_run", counted_since=since),
        "counted_since": since,
    }


def logged_durations(check: Check) -> dict[str, Any]:
    """Return what the query for logged durations takes: its parts, and why the log has none where it has none."""
    limits = check.settings.profile.queries
    undecided = _unlogged(
        queries.fetch(check.conn, "workload/log/settings")[0], check.settings.profile.roles.maintenance
    )
    files = [] if undecided else queries.fetch(check.conn, "workload/log/file")
    if not undecided and not files:
        undecided = "the server has written no JSON log yet"
    return {
        "parts": {"durations": queries.compose("workload/log/no_durations" if undecided else "workload/log/durations")},
        "undecided": undecided,
        "file": files[0]["file"] if files else "",
        "size": files[0]["size"] if files else 0,
        "bytes": limits.log_bytes,
        "application": APPLICATION,
        "p95": limits.p95.total_seconds() * 1000,
        "minimum_calls": limits.minimum_calls,
    }


def _unlogged(found: Mapping[str, Any], role: str) -> str:
    """Return why the log does not give the duration of each statement; "" where it does."""
    if not found["written"]:
        return "the server writes no JSON log (15 and later: log_destination = 'jsonlog')"
    if not found["complete"]:
        return "the server does not log every statement's duration (log_min_duration_statement = 0)"
    if not found["english"]:
        return "the log's messages are not English (lc_messages)"
    if found["denied"]:
        name = sql.Identifier(role).as_string(None)
        return f"the log may not be read (grant execute on function {', '.join(found['denied'])} to {name})"
    return ""


def slow_statements(check: Check) -> dict[str, Any]:
    """Return what the query for slow statements takes: its parts, and where they cannot be read, why."""
    profile = check.settings.profile
    source = find_extension(check.conn)
    parts: Mapping[str, sql.Composable] = {
        "earlier": comparison_parts(check)["earlier"],
        "statements": statements_query(source),
    }
    return {
        "parts": parts,
        "undecided": source.undecided,
        "required": EXTENSION in profile.extensions.required,
        "ours": maintenance_roles(profile),
        "p95": profile.queries.p95.total_seconds() * 1000,
        "minimum_calls": profile.queries.minimum_calls,
    }
