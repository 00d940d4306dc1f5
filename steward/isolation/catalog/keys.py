"""What the checks of keys are composed of: unique keys over all tenants, foreign keys from or to their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steward.database import queries
from steward.isolation.catalog import scope

if TYPE_CHECKING:
    from psycopg import sql

    from steward.engine.check import Check

__all__ = ["within"]


def within(check: Check) -> dict[str, sql.Composable]:
    """Return the parts of these checks: ``{keys}`` and ``{foreign}``."""
    version, parts = check.conn.info.server_version, scope.within(check)
    return {
        "keys": queries.compose("isolation/unique_keys", version, **parts),
        "foreign": queries.compose("isolation/foreign_keys", version, **parts),
    }
