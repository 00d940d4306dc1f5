"""The parts of the checks of keys: unique keys over all tenants, foreign keys from or to their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steward.database import queries
from steward.isolation.catalog import scope

if TYPE_CHECKING:
    from psycopg import sql

    from steward.engine.check import Check

__all__ = ["parts"]


def parts(check: Check) -> dict[str, sql.Composable]:
    """Return the parts of these checks: ``{keys}`` and ``{foreign}``."""
    version, tables = check.conn.info.server_version, scope.parts(check)
    return {
        "keys": queries.compose("isolation/unique_keys", version, **tables),
        "foreign": queries.compose("isolation/foreign_keys", version, **tables),
    }
