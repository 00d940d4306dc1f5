"""The relations that show rows of tenants, and for whom their row-level security does not hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steward.isolation.analysis import filters, function_bodies
from steward.isolation.analysis.query_sources import TenantFilter
from steward.isolation.catalog import role_graph

if TYPE_CHECKING:
    from steward.engine.check import Check
    from steward.isolation.catalog.role_graph import RoleCatalog, RoleGraph

__all__ = ["ExemptRelation", "exempt", "relations", "tenant"]


@dataclass(frozen=True)
class ExemptRelation:
    """A table of tenants, or a view over one; ``kind`` as pg_class has it, ``owner`` an oid."""

    oid: int
    schema: str
    name: str
    ident: str
    kind: str
    owner: int
    rls: bool
    forced: bool


def relations(check: Check, known: RoleCatalog) -> dict[int, ExemptRelation]:
    """Return the relations by oid."""
    rows = role_graph.asked(check, "isolation/holding", known.told, **known.within)
    return {row["oid"]: ExemptRelation(**row) for row in rows}


def tenant(check: Check, known: RoleCatalog) -> TenantFilter:
    """Return what a filter must compare, with the functions by which policies and views do so."""
    named = check.settings.profile.tenancy
    made = (function_bodies.of(row["definition"]) for row in role_graph.asked(check, "isolation/wrappers"))
    rows = role_graph.asked(check, "isolation/types", known.told, **known.within)
    types = tuple(filters.column_type(row["type"]) for row in rows)
    return TenantFilter(named.column, named.setting, tuple(body for body in made if body), types)


def exempt(graph: RoleGraph, reader: int, relation: ExemptRelation) -> str | None:
    """Tell why a role reads every tenant's rows of a relation, if it may read it at all; None where policies hold."""
    role = graph.roles[reader]
    if relation.kind == "m":
        return "a materialized view has no row-level security"
    if relation.kind == "f":
        return "a foreign table has no row-level security"
    if not relation.rls:
        return "row-level security is not enabled on it"
    if role.bypasses:
        return f"{role.ident} {role.past}"
    if not relation.forced and relation.owner in graph.rights(reader):
        return f"{role.ident} has the rights of its owner, for whom it is not forced"
    return None
