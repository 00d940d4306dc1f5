"""The parameters of the partition checks: the profile's expectations of each family, and the inventory to query."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from steward.actions.partitioning import families
from steward.database import inventory, queries

if TYPE_CHECKING:
    from psycopg import sql

    from steward.engine.check import Check

__all__ = ["query_params", "query_parts"]


def query_params(check: Check) -> dict[str, object]:
    """Return the parameters: the scope, and what is expected of each family by range."""
    return {
        **inventory.scope(check.settings.profile),
        "families": json.dumps(families.expectations(check.scan, check.settings)),
    }


def query_parts(check: Check) -> dict[str, sql.Composable]:
    """Return the inventory's statements as parts: the catalog as it is now, not as it was scanned."""
    version = check.conn.info.server_version
    composed: dict[str, sql.Composable] = {
        name: queries.compose(f"inventory/{name}", version, **inventory.parts(f"inventory/{name}", version))
        for name in ("relations", "partitions")
    }
    return {**composed, "ours": queries.compose("inventory/included", version)}
