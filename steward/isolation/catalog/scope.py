"""The scope of the isolation checks: the tables that hold rows of tenants, and the roles that the application uses."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from steward import Inconclusive, NotNeeded
from steward.database import inventory, queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import sql

    from steward.engine.check import Check
    from steward.profile import Profile

__all__ = ["application_roles", "parameters", "parts", "setting_parameters"]


def application_roles(profile: Profile) -> tuple[str, ...]:
    """Return the roles as which isolation is checked: those of isolation.roles, else the application's two."""
    names = profile.isolation.roles or (profile.roles.application, profile.roles.analytics)
    return tuple(dict.fromkeys(name for name in names if name))


def parameters(check: Check) -> Mapping[str, object]:
    """Return the parameters of isolation queries: the scope, the tenant column, the setting, the application's roles.

    Raises:
        NotNeeded: the profile names no tenant column.
        Inconclusive: no table has it, no role of the application is named, or one that is named does not exist: nothing
            could be proved.

    """
    return check.shared("isolation scope", lambda: _read(check))


def _read(check: Check) -> Mapping[str, object]:
    profile = check.settings.profile
    if not profile.tenancy.column:
        raise NotNeeded("the profile names no tenant column (tenancy.column): a database without tenants")
    names = application_roles(profile)
    if not names:
        raise Inconclusive("no role of the application is named; name them in isolation.roles of the profile")
    params = {
        **inventory.scope(profile),
        "column": profile.tenancy.column,
        "setting": profile.tenancy.setting,
        "roles": list(names),
    }
    unknown = [row["name"] for row in queries.fetch(check.conn, "isolation/unknown_roles", {"roles": list(names)})]
    if unknown:
        cause = f"the application's roles are not all there: {', '.join(unknown)}"
        raise Inconclusive(f"{cause}; name those that select its rows in isolation.roles of the profile")
    # One row will do, and none of the others is read.
    if (
        queries.execute(
            check.conn, "isolation/tenant_tables", params, **check.parts(ours="inventory/included")
        ).fetchone()
        is None
    ):
        cause = f"no table has the column {profile.tenancy.column}"
        raise Inconclusive(f"{cause}; name the right database, or tenancy.column in the profile")
    return MappingProxyType(params)


def setting_parameters(check: Check) -> Mapping[str, object]:
    """Return the parameters of queries about the setting.

    Raises:
        NotNeeded: the profile names no setting.

    """
    params = parameters(check)
    if not params["setting"]:
        raise NotNeeded("the profile names no setting (tenancy.setting)")
    return params


def parts(check: Check) -> dict[str, sql.Composable]:
    """Return the parts of isolation queries: ``{ours}``, ``{tables}``, ``{loose}`` and ``{remade}``."""
    version, ours = check.conn.info.server_version, check.parts(ours="inventory/included")
    tables = queries.compose("isolation/tenant_tables", version, **ours)
    return {
        **ours,
        "tables": tables,
        "loose": queries.compose("isolation/nullable_tenant_columns", version, tables=tables),
        "remade": queries.compose("isolation/policies_to_recreate", version, tables=tables),
    }
