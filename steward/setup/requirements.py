"""The requirements of the suite in a database, each with the query that checks whether it is missing.

Everything is plain SQL text with its values written in: the same text is executed, listed as missing, and printed for a
database administrator who runs it by hand.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from steward.database import inventory, queries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steward.profile import Profile

__all__ = ["DerivedRequirement", "FixedRequirement", "plain", "requirements"]

_PARAMETER = re.compile(r"%\((?P<name>\w+)\)s|%%")
_RESULT = (
    "TABLE(table_name text, current_size bigint, growth_rate_mb_per_day numeric, "
    "estimated_days_to_threshold numeric, alert_level text, threshold bigint)"
)
# Each with the statement that creates it.
_TABLES = {
    ("public", "maintenance_log"): "bootstrap/tables/maintenance_log",
    ("public", "materialized_view_metadata"): "bootstrap/tables/materialized_view_metadata",
    ("steward", "intent"): "bootstrap/tables/intent",
    ("steward", "deferral"): "bootstrap/tables/deferral",
    ("steward", "legal_hold"): "bootstrap/tables/legal_hold",
    ("steward", "relation_size"): "bootstrap/tables/relation_size",
    ("steward", "growth_threshold"): "bootstrap/tables/growth_threshold",
    ("steward", "scope"): "bootstrap/tables/scope",
    ("steward", "analyzed"): "bootstrap/tables/analyzed",
    ("steward", "index_bloat"): "bootstrap/tables/index_bloat",
    ("steward", "database_counters"): "bootstrap/tables/database_counters",
    ("steward", "table_counters"): "bootstrap/tables/table_counters",
    ("steward", "index_counters"): "bootstrap/tables/index_counters",
    ("steward", "statement_counters"): "bootstrap/tables/statement_counters",
}


@dataclass(frozen=True)
class FixedRequirement:
    """Statements that are missing when ``needed``, a query, answers true; ``wanted`` ones are never called missing."""

    title: str
    needed: str
    statements: tuple[str, ...]
    wanted: bool = False


@dataclass(frozen=True)
class DerivedRequirement:
    """Statements that depend on what stands in the database: ``query`` answers those that are missing."""

    title: str
    query: str


def plain(name: str, params: Mapping[str, object] | None = None, **parts: str | sql.Composable) -> str:
    """Return a statement as text that needs no parameters: values as literals, texts in ``parts`` as they are."""
    values = params or {}

    def written(match: re.Match[str]) -> str:
        if match["name"] is None:
            return "%"
        value = values[match["name"]]
        return (value if isinstance(value, sql.Composable) else sql.Literal(value)).as_string(None)

    composed = queries.compose(name, 0, **{key: _composable(part) for key, part in parts.items()})
    return _PARAMETER.sub(written, composed.as_string(None))


def requirements(profile: Profile) -> tuple[FixedRequirement | DerivedRequirement, ...]:
    """Return everything that the suite needs, each after what it needs itself."""
    return (
        *_roles(profile),
        *_extensions(profile),
        *_rights(profile),
        *_memory(profile),
        *_growth_function(profile),
        *_reading(),
    )


def _composable(part: str | sql.Composable) -> sql.Composable:
    return sql.SQL(part) if isinstance(part, str) else part


def _roles(profile: Profile) -> Iterator[FixedRequirement]:
    login, maintenance = {"role": profile.roles.login}, {"role": profile.roles.maintenance}
    identifiers = {key: sql.Identifier(key) for key in (login["role"], maintenance["role"])}
    yield FixedRequirement(
        f"the role {maintenance['role']}, which acts",
        plain("bootstrap/roles/needed", maintenance),
        (plain("bootstrap/roles/create_maintenance", role=identifiers[maintenance["role"]]),),
    )
    yield FixedRequirement(
        f"{maintenance['role']} is not filtered by row-level security",
        plain("bootstrap/roles/bypassrls_needed", maintenance),
        (plain("bootstrap/roles/bypassrls", role=identifiers[maintenance["role"]]),),
    )
    yield FixedRequirement(
        f"the role {login['role']}, which connects; set its password or certificate yourself",
        plain("bootstrap/roles/needed", login),
        (plain("bootstrap/roles/create_login", role=identifiers[login["role"]]),),
    )
    yield FixedRequirement(
        f"{login['role']} may log in",
        plain("bootstrap/roles/login_needed", login),
        (plain("bootstrap/roles/login", role=identifiers[login["role"]]),),
    )


def _extensions(profile: Profile) -> Iterator[FixedRequirement]:
    for extension in profile.extensions.required:
        yield FixedRequirement(
            f"the extension {extension}",
            plain("bootstrap/extensions/required_needed", {"extension": extension}),
            (plain("bootstrap/extensions/create_required", extension=sql.Identifier(extension)),),
        )
    for extension in profile.extensions.wanted:
        yield FixedRequirement(
            f"the extension {extension}, where the server has it",
            plain("bootstrap/extensions/wanted_needed", {"extension": extension}),
            (
                plain(
                    "bootstrap/extensions/create_wanted", {"extension": extension}, extension=sql.Identifier(extension)
                ),
            ),
            wanted=True,
        )


def _rights(profile: Profile) -> Iterator[DerivedRequirement]:
    roles = profile.roles.model_dump()
    ours = plain("inventory/included", inventory.scope(profile))
    yield DerivedRequirement("connecting", plain("bootstrap/roles/connect", roles))
    yield DerivedRequirement(
        "memberships, those in the tables' owners among them", plain("bootstrap/memberships", roles, ours=ours)
    )
    yield DerivedRequirement("rights on schemas", plain("bootstrap/schemas", roles, ours=ours))


def _memory(profile: Profile) -> Iterator[FixedRequirement | DerivedRequirement]:
    role = sql.Identifier(profile.roles.maintenance)
    yield FixedRequirement(
        "the schema for what the suite remembers",
        plain("bootstrap/table_rights/schema_needed"),
        (plain("bootstrap/table_rights/create_schema", role=role),),
    )
    for (schema, table), create in _TABLES.items():
        owner = plain("bootstrap/table_rights/set_owner", relation=sql.Identifier(schema, table), role=role)
        needed = plain("bootstrap/table_rights/table_needed", {"schema": schema, "name": table})
        yield FixedRequirement(f"the table {schema}.{table}", needed, (plain(create), owner))
        ours = {"schema": schema, "name": table, "role": profile.roles.maintenance}
        yield FixedRequirement(
            f"{schema}.{table} is no superuser's", plain("bootstrap/table_rights/owner_needed", ours), (owner,)
        )
    roles, included = profile.roles.model_dump(), plain("inventory/included", inventory.scope(profile))
    yield DerivedRequirement(
        "rights on tables that were there before", plain("bootstrap/privileges", roles, ours=included)
    )


def _growth_function(profile: Profile) -> Iterator[FixedRequirement]:
    role = profile.roles.maintenance
    # The function reads what it includes from a table, so that another profile needs no other function.
    scope = {
        key: _composable(plain("bootstrap/storage_growth/scope_column", column=sql.Identifier(key)))
        for key in ("schemas", "exclude")
    }
    create = plain("bootstrap/storage_growth/create", result=_RESULT, ours=plain("inventory/included", scope))
    body = hashlib.md5(create.split("$function$")[1].encode(), usedforsecurity=False).hexdigest()
    yield FixedRequirement(
        "room for monitor_storage_growth(), where one with other columns is in its place",
        plain("bootstrap/storage_growth/conflict", {"result": _RESULT}),
        (plain("bootstrap/storage_growth/drop"),),
    )
    yield FixedRequirement(
        "monitor_storage_growth()", plain("bootstrap/storage_growth/needed", {"md5": body}), (create,)
    )
    yield FixedRequirement(
        "monitor_storage_growth() runs with the maintenance role's rights",
        plain("bootstrap/storage_growth/owner_needed", {"role": role}),
        (plain("bootstrap/storage_growth/set_owner", role=sql.Identifier(role)),),
    )
    yield FixedRequirement(
        "sizes are not for everybody",
        plain("bootstrap/storage_growth/public_needed"),
        (plain("bootstrap/storage_growth/revoke_public"),),
    )


def _reading() -> Iterator[FixedRequirement]:
    yield FixedRequirement(
        "monitor_storage_growth() for those who monitor",
        plain("bootstrap/storage_growth/monitor_needed"),
        (plain("bootstrap/storage_growth/grant_monitor"),),
    )
    for schema, table in (("public", "maintenance_log"), ("public", "materialized_view_metadata")):
        yield FixedRequirement(
            f"{schema}.{table} for those who monitor",
            plain("bootstrap/table_rights/monitor_needed", {"schema": schema, "name": table}),
            (plain("bootstrap/table_rights/grant_monitor", relation=sql.Identifier(schema, table)),),
        )
