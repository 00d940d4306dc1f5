"""The snapshot of roles, policies, views and functions that all catalog checks of a phase judge.

A process reads each part once in a phase, when a check first needs it, and the part never changes after that. Its
statements are recorded for every check that uses it. The other modules of this package judge; they read nothing.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg.rows import class_row

from steward import Inconclusive
from steward.database import queries
from steward.isolation.analysis import filters, function_bodies
from steward.isolation.analysis.query_sources import TenantFilter
from steward.isolation.catalog import publications, scope
from steward.isolation.catalog.policies import Policy, PolicyCatalog, PolicyFunction, open_policies
from steward.isolation.catalog.rewrite_rules import RewriteRule
from steward.isolation.catalog.rls_bypass import SecuredRelation
from steward.isolation.catalog.role_graph import Membership, Role, RoleCatalog, RoleGraph, reachable
from steward.isolation.catalog.security_definer import DefinerRoutine
from steward.isolation.catalog.triggers import DefinerTrigger
from steward.isolation.catalog.view_graph import View, ViewCatalog, ViewGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import sql

    from steward.engine.check import Check

__all__ = [
    "application_policies",
    "children",
    "column_defaults",
    "definer_routines",
    "definer_triggers",
    "note_denied",
    "policies",
    "policy_parameters",
    "policy_parts",
    "publication_parameters",
    "rewrite_rules",
    "roles",
    "view_graph",
    "view_graph_if_any",
    "writable_schemas",
]

# The first server with security_invoker.
_INVOKING = 150000
_Owned = TypeVar("_Owned", DefinerRoutine, DefinerTrigger, RewriteRule)


def roles(check: Check) -> RoleCatalog:
    """Return the roles and memberships of the server, with what the application reaches of them."""
    params = scope.parameters(check)
    return check.shared("isolation roles", lambda: _read_roles(check, params))


def _read_roles(check: Check, params: Mapping[str, object]) -> RoleCatalog:
    every = (Role(**row) for row in _rows(check, "isolation/roles"))
    memberships = (Membership(**row) for row in _rows(check, "isolation/memberships"))
    graph = RoleGraph(every, memberships)
    profile, version = check.settings.profile, check.conn.info.server_version
    spared = {profile.roles.login, profile.roles.maintenance, profile.roles.admin, check.conn.info.user}
    parts = scope.parts(check)
    parts["reached"] = queries.compose("isolation/reachable_roles", version)
    parts["granted"] = queries.compose("isolation/granted_rights", version, **parts)
    parts["firing"] = queries.compose("isolation/trigger_events", version, **parts)
    parts["holding"] = queries.compose("isolation/tenant_relations", version, **parts)
    return RoleCatalog(graph, reachable(graph, scope.application_roles(profile), spared), params, parts)


def policy_parts(check: Check) -> dict[str, sql.Composable]:
    """Return the parts of statements about policies: ``{filters}``, ``{actors}``, ``{tables}``."""
    parts = scope.parts(check)
    filters_part = queries.compose(
        "isolation/tenant_filters", check.conn.info.server_version, tables=parts["tables"], loose=parts["loose"]
    )
    return {"tables": parts["tables"], "filters": filters_part, **check.parts(actors="isolation/application_roles")}


def policy_parameters(check: Check) -> Mapping[str, object]:
    """Return the parameters of statements about what the application's roles may do.

    Raises:
        Inconclusive: row-level security filters none of them.

    """
    params = {**scope.parameters(check), "others": []}
    if not check.shared("isolation actors", lambda: queries.fetch(check.conn, "isolation/application_roles", params)):
        names = ", ".join(scope.application_roles(check.settings.profile))
        cause = f"row-level security filters none of the roles {names}, or they do not exist"
        raise Inconclusive(f"{cause}; name the application's in isolation.roles of the profile")
    return params


def policies(check: Check, others: Iterable[int] = ()) -> PolicyCatalog:
    """Return the policies of tenant tables with the functions that they call.

    ``others`` are oids of roles for which policies are judged beside the application's.

    Raises:
        Inconclusive: a table is locked by another session.

    """
    oids = sorted(others)
    params = {**scope.parameters(check), "others": oids}
    return check.shared(("isolation policies", *oids), lambda: _read_policies(check, params))


def _read_policies(check: Check, params: Mapping[str, object]) -> PolicyCatalog:
    parts = policy_parts(check)
    named = {name: parts[name] for name in ("filters", "actors")}
    found = _values(check, "isolation/policies", Policy, params, named)
    functions = _values(check, "isolation/functions", PolicyFunction, params, {"tables": parts["tables"]})
    if locked := sorted({policy.table_ident for policy in found if policy.locked}):
        raise Inconclusive(f"{', '.join(locked)}: locked by another session, and policies are read under a lock")
    tenancy = check.settings.profile.tenancy
    return PolicyCatalog(tuple(found), tuple(functions), tenancy.column, tenancy.setting, tenancy.user_setting)


def application_policies(check: Check) -> tuple[PolicyCatalog, RoleCatalog]:
    """Return the policies for every role that the application can act as, and the roles.

    Raises:
        Inconclusive: row-level security filters none of the application's roles, or a table is locked.

    """
    policy_parameters(check)
    catalog = roles(check)
    return policies(check, (one.role.oid for one in catalog.filtered)), catalog


def note_denied(check: Check) -> None:
    """Record which tables deny every row because they have no policy at all: nothing leaks there."""
    tables = scope.parts(check)["tables"]
    rows = queries.fetch(check.conn, "isolation/tables_without_policies", scope.parameters(check), tables=tables)
    names = ", ".join(row["ident"] for row in rows) or "none"
    check.note(
        f"-- sql/isolation/tables_without_policies.sql\n"
        f"-- tables that deny every row, because they have no policy: {names}",
        0,
        len(rows),
    )


def column_defaults(check: Check) -> list[dict[str, Any]]:
    """Return the defaults of tenant columns."""
    return queries.fetch(check.conn, "isolation/tenant_column_defaults", scope.parameters(check), **scope.parts(check))


def children(check: Check) -> list[dict[str, Any]]:
    """Return the tables whose rows belong to rows of tenants, and that have no tenant column."""
    catalog = roles(check)
    parts = {name: catalog.parts[name] for name in ("tables", "granted", "reached")}
    return _rows(check, "isolation/child_tables", catalog.parameters(), **parts)


def publication_parameters(check: Check) -> dict[str, object]:
    """Return the parameters of the query; ``named``: where a filter lets through only tenants that it names."""
    catalog = roles(check)
    rows = _rows(check, "isolation/row_filters", catalog.parameters(), **catalog.parts)
    return {**catalog.parameters(), "named": publications.narrowed(rows, check.settings.profile.tenancy.column)}


def view_graph(check: Check, owned: Sequence[DefinerRoutine | DefinerTrigger | RewriteRule] = ()) -> ViewGraph:
    """Return the views over rows of tenants, as their owners and the owners of ``owned`` read them."""
    catalog = roles(check)
    views = check.shared("isolation views", lambda: _read_views(check, catalog))
    owners = {*(one.owner for one in owned), *(view.owner for view in views.views.values())}
    readers = (catalog.graph.roles[oid] for oid in owners)
    names = {role.oid: role.name for role in readers if not role.bypasses}
    opened = open_policies(policies(check, names), frozenset(names.values())) if names else {}
    return check.shared(("isolation view graph", frozenset(names)), lambda: ViewGraph(catalog.graph, views, opened))


def view_graph_if_any(check: Check, owned: Sequence[DefinerTrigger | RewriteRule]) -> ViewGraph:
    """Return the views as the owners of ``owned`` read them; where there is nothing to judge none are read."""
    if owned:
        return view_graph(check, owned)
    return ViewGraph(roles(check).graph, ViewCatalog({}, {}, TenantFilter("", ""), invoking=False), {})


def _read_views(check: Check, catalog: RoleCatalog) -> ViewCatalog:
    params = catalog.parameters()
    views = {
        row["oid"]: View(**{**row, "used": tuple(row["used"])})
        for row in _rows(check, "isolation/views", params, **catalog.parts)
    }
    relations = {
        row["oid"]: SecuredRelation(**row)
        for row in _rows(check, "isolation/tenant_relations", params, **catalog.parts)
    }
    bodies = (function_bodies.function_body(row["definition"]) for row in _rows(check, "isolation/called_functions"))
    types = (
        filters.column_type(row["type"])
        for row in _rows(check, "isolation/tenant_column_types", params, **catalog.parts)
    )
    tenancy = check.settings.profile.tenancy
    tenant = TenantFilter(tenancy.column, tenancy.setting, tuple(body for body in bodies if body), tuple(types))
    return ViewCatalog(relations, views, tenant, invoking=check.conn.info.server_version >= _INVOKING)


def definer_routines(check: Check) -> tuple[DefinerRoutine, ...]:
    """Return the SECURITY DEFINER routines of owners whom the application cannot become anyway."""
    return _owned(check, "isolation/definer_functions", DefinerRoutine)


def definer_triggers(check: Check) -> tuple[DefinerTrigger, ...]:
    """Return the trigger functions of owners whom the application cannot become anyway."""
    return _owned(check, "isolation/triggers", DefinerTrigger, "firing")


def rewrite_rules(check: Check) -> tuple[RewriteRule, ...]:
    """Return the rules on relations of owners whom the application cannot become anyway."""
    return _owned(check, "isolation/rewrite_rules", RewriteRule, "firing")


def writable_schemas(check: Check) -> frozenset[str]:
    """Return the schemas in which the application can create objects."""
    catalog = roles(check)
    rows = check.shared(
        "isolation schemas", lambda: _rows(check, "isolation/writable_schemas", catalog.parameters(), **catalog.parts)
    )
    return frozenset(row["name"] for row in rows)


def _owned(check: Check, name: str, kind: type[_Owned], *parts: str) -> tuple[_Owned, ...]:
    """Return what acts as its owner; what the application can become anyway is reported of the roles."""
    catalog = roles(check)
    named = {part: catalog.parts[part] for part in parts or catalog.parts}
    found: tuple[_Owned, ...] = check.shared(
        name, lambda: tuple(kind(**row) for row in _rows(check, name, catalog.parameters(), **named))
    )
    return tuple(one for one in found if one.owner not in catalog.assumable)


def _rows(
    check: Check, name: str, params: Mapping[str, object] | None = None, **parts: sql.Composable
) -> list[dict[str, Any]]:
    """Return the rows of a statement, and record it."""
    statement = queries.compose(name, check.conn.info.server_version, **parts)
    started = time.monotonic()
    rows = check.conn.execute(statement, params or {}).fetchall()
    text = psycopg.ClientCursor(check.conn).mogrify(queries.redacted(statement), params or {})
    check.note(f"-- sql/{name}.sql\n{text}", time.monotonic() - started, len(rows))
    return rows


def _values(
    check: Check, name: str, kind: type[Any], params: Mapping[str, object], parts: Mapping[str, sql.Composable]
) -> list[Any]:
    """Return the rows of a statement as values of a class, and record the statement's name."""
    started = datetime.now(UTC)
    statement = queries.compose(name, check.conn.info.server_version, **parts)
    with check.conn.cursor(row_factory=class_row(kind)) as cursor:
        rows: list[Any] = cursor.execute(statement, params).fetchall()
    check.note(f"-- sql/{name}.sql", (datetime.now(UTC) - started).total_seconds(), len(rows))
    return rows
