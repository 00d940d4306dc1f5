"""The relations that show rows of tenants, and the reason why row-level security does not hold there for a role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steward.isolation.catalog.role_graph import RoleGraph

__all__ = ["SecuredRelation", "bypass_reason"]


@dataclass(frozen=True)
class SecuredRelation:
    """A table of tenants, or a view over one; ``kind`` as pg_class has it, ``owner`` an oid."""

    oid: int
    schema: str
    name: str
    ident: str
    kind: str
    owner: int
    rls: bool
    forced: bool


def bypass_reason(graph: RoleGraph, reader: int, relation: SecuredRelation) -> str | None:
    """Return why a role reads every tenant's rows of a relation that it may read; None where policies hold."""
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
