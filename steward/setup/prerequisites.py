"""The parameters of the prerequisite checks, which depend on the database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from psycopg import sql

from steward.database import inventory, queries

if TYPE_CHECKING:
    from steward.engine.check import Check

__all__ = ["schema_version_params", "scope_params", "server_version_params"]


def server_version_params(check: Check) -> dict[str, Any]:
    """Return what is known of server versions, each table as JSON."""
    known = check.settings.profile.server.model_dump(mode="json")
    return {name: json.dumps(table) for name, table in known.items()}


def schema_version_params(check: Check) -> dict[str, Any]:
    """Return what the query for the application's schema version takes; an absent table gives no version."""
    application = check.settings.profile.application
    found = queries.fetch(check.conn, "prerequisites/schema_version/table", {"ident": application.version_table})
    if found:
        named = sql.Identifier(found[0]["schema"], found[0]["name"])
        versions = queries.compose("prerequisites/schema_version/versions", table=named)
    else:
        versions = queries.compose("prerequisites/schema_version/no_versions")
    return {
        "parts": {"versions": versions},
        "table": application.version_table,
        "minimum": application.version_minimum,
    }


def scope_params(check: Check) -> dict[str, Any]:
    """Return what queries over all included relations take."""
    return {"parts": {"ours": queries.compose("inventory/included")}, **inventory.scope(check.settings.profile)}
