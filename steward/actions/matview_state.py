"""The state of a materialized view: the facts about its refresh, its content, and the checks against losing content."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from steward import Inconclusive, NotNeeded
from steward.database import inventory, queries
from steward.engine.executor import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steward.database.session import Session
    from steward.engine.check import Check
    from steward.engine.executor import Executor, RunSettings

__all__ = [
    "StaleMatview",
    "UnfitContentError",
    "content",
    "current_facts",
    "facts",
    "query_params",
    "query_parts",
    "require_kept",
    "require_unfiltered",
]


class UnfitContentError(AssertionError):
    """The view cannot hold, or would not hold, what it should; the message names the remedy. Nothing was changed."""

    outcome = "failed"

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(f"{cause}; {remedy}")


@dataclass(frozen=True)
class StaleMatview:
    """A materialized view that is due; ``waits`` names those among its sources that the same run refreshes first."""

    oid: int
    schema: str
    name: str
    ident: str
    seen_at: str
    tables: tuple[int, ...]
    waits: tuple[tuple[int, str], ...]


def facts(
    conn: Session, settings: RunSettings, views: Sequence[int], rules: Sequence[Mapping[str, object]] = ()
) -> list[dict[str, Any]]:
    """Return the facts that decide how these views are refreshed, as they are now."""
    version, profile = conn.info.server_version, settings.profile
    params = {
        "views": list(views),
        "rules": json.dumps(list(rules)),
        "column": profile.tenancy.column,
        "remember": profile.refresh.remember,
    }
    known = queries.compose("maintenance/matviews_names", version)
    reached = queries.compose("maintenance/matviews_sources", version)
    return queries.fetch(conn, "maintenance/matviews_facts", params, known=known, reached=reached)


def current_facts(executor: Executor, view: StaleMatview) -> dict[str, Any]:
    """Return the facts of one view.

    Raises:
        NotNeeded: it is gone, or has another name.

    """
    found = facts(executor.conn, executor.settings, [view.oid])
    if not found or found[0]["ident"] != view.ident:
        raise NotNeeded(f"{view.ident} is gone")
    return found[0]


def content(executor: Executor, view: StaleMatview, *, by_tenant: bool) -> dict[str, Any]:
    """Count the view's rows, and its tenants where it has the column."""
    table, column = (
        sql.Identifier(view.schema, view.name),
        sql.Identifier(executor.settings.profile.tenancy.column or " "),
    )
    if by_tenant:
        text = queries.compose("maintenance/matview_rows/count_by_tenant", view=table, column=column)
    else:
        text = queries.compose("maintenance/matview_rows/count", view=table)
    return executor.execute(Statement(text, f"ACCESS SHARE on {view.ident}")).fetchall()[0]


def require_unfiltered(found: Mapping[str, Any]) -> None:
    """Refuse a view whose owner sees only a part of what it reads.

    Raises:
        UnfitContentError: row-level security hides rows of a table from the role that reads it.

    """
    if found["filtered"]:
        owner = found["owner"]
        raise UnfitContentError(
            f"row-level security hides rows of {', '.join(found['filtered'])} from it: "
            f"a refresh reads as the owner, {owner}",
            f"let it see them: alter role {owner} bypassrls, or alter materialized view {found['ident']} owner to a "
            "role that has it",
        )


def require_kept(
    executor: Executor, found: Mapping[str, Any], previous: Mapping[str, Any] | None, current: Mapping[str, Any]
) -> None:
    """Refuse a view that lost all rows, all tenants but one or more than it may, while a table that it reads has them.

    Raises:
        UnfitContentError: it would be emptied, and the profile does not say that it may.
        Inconclusive: what its tables have cannot be seen.

    """
    if previous is None or executor.settings.profile.matview(found["ident"]).may_empty:
        return
    kept = executor.settings.profile.refresh.tenants_kept
    by_tenant = current["tenants"] is not None and _falls(previous["tenants"], current["tenants"], kept)
    if not by_tenant and not (previous["rows"] and not current["rows"]):
        return
    what = "tenants" if by_tenant else "rows"
    fuller = _fuller(executor, found, current["tenants"] if by_tenant else None)
    if fuller:
        raise UnfitContentError(
            f"its content would fall from {previous[what]} {what} to {current[what]}, and {fuller} has more; "
            "it is as it was",
            f"check what its owner {found['owner']} may see, and its query; where both are right, set "
            f"may_empty = true in [matviews]",
        )


def _falls(previous: int, current: int, kept: float) -> bool:
    return previous > 1 and (current <= 1 or current < kept * previous)


def _fuller(executor: Executor, found: Mapping[str, Any], tenants: int | None) -> str | None:
    """Return a table of the view that has more than so many tenants, or any row where none are counted."""
    by_tenant, column = tenants is not None, executor.settings.profile.tenancy.column
    asked = {"tables": found["tables"], "column": column}
    for row in queries.fetch(executor.conn, "maintenance/matviews_tables", asked):
        if by_tenant and not row["has_tenant"]:
            continue
        parts: dict[str, sql.Composable] = {"table": sql.Identifier(row["schema"], row["name"])}
        name = "maintenance/matview_rows/any"
        if by_tenant:
            name, parts["column"] = "maintenance/matview_rows/more_tenants", sql.Identifier(column)
        try:
            more = queries.fetch(executor.conn, name, {"tenants": max(1, tenants or 0)} if by_tenant else None, **parts)
        except psycopg.errors.InsufficientPrivilege as error:
            raise Inconclusive(
                f"its content would fall, and what {row['ident']} has cannot be seen: {queries.server_message(error)}"
            ) from error
        if more[0]["more"]:
            return str(row["ident"])
    return None


def query_params(check: Check) -> dict[str, object]:
    """Return the parameters of the checks: the scope, and how old each view may be."""
    profile = check.settings.profile
    rules = [
        {"ident": ident, "staleness": rule.staleness, "critical": rule.critical}
        for ident, rule in profile.matviews.items()
    ]
    return {**inventory.scope(profile), "rules": json.dumps(rules)}


def query_parts(check: Check) -> dict[str, sql.Composable]:
    """Return the parts of the checks' statements."""
    version = check.conn.info.server_version
    return {
        "ours": queries.compose("inventory/included", version),
        "known": queries.compose("maintenance/matviews_names", version),
        "reached": queries.compose("maintenance/matviews_sources", version),
    }
