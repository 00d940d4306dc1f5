"""The attack surface: the relations and functions through which a role of the application may reach rows of tenants."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from steward import Inconclusive
from steward.database import inventory, queries
from steward.isolation.catalog import scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steward.database.session import Session
    from steward.profile import Profile

__all__ = ["DIFFERENT", "Access", "AttackSurface", "DefinerFunction", "TenantRelation", "attack_surface"]

_TABLES = ("r", "p")
# The limits of granted partitions that are tried: of those that are guarded alike, and of all of a table. What
# policies let through in one partition they let through in all that have the same ones.
_ALIKE = 8
DIFFERENT = 64


@dataclass(frozen=True)
class Access:
    """The privileges of a role on a relation, before any policy.

    ``columns`` are those that it may read, of a view only.
    """

    reads: bool
    reads_tenant: bool
    inserts: bool
    updates: bool
    moves: bool
    deletes: bool
    truncates: bool
    columns: list[str]

    @property
    def any(self) -> bool:
        """Whether it may do anything at all."""
        return self.reads or self.inserts or self.updates or self.deletes or self.truncates


@dataclass(frozen=True)
class TenantRelation:
    """A relation with rows of tenants, and the privileges of each role on it.

    ``base`` is the only table of tenants that a view reads, itself for a table; ``guard`` is the same for partitions
    with the same policies, grants and owner.
    """

    oid: int
    schema: str
    name: str
    ident: str
    kind: str
    level: int
    root: int
    base: int | None
    guard: str | None
    tenant: str | None
    depth: int
    feeds: bool
    access: dict[str, Access]

    @property
    def identifier(self) -> sql.Identifier:
        """Its name in a statement."""
        return sql.Identifier(self.schema, self.name)

    @property
    def written(self) -> bool:
        """Whether rows can be written into it: a table of this server, a leaf included."""
        return self.kind in _TABLES and self.tenant is not None

    @property
    def granted(self) -> bool:
        """Whether any role may do anything with it."""
        return any(access.any for access in self.access.values())

    @property
    def through(self) -> bool:
        """Whether it is a view through which any role may write rows of one table."""
        writes = (access.inserts or access.updates or access.deletes for access in self.access.values())
        return self.kind == "v" and self.tenant is not None and self.base is not None and any(writes)


@dataclass(frozen=True)
class DefinerFunction:
    """A function that runs with its owner's rights, and the types of its required arguments.

    ``returns``: it returns anything; ``tells``: its result can contain a row of a tenant.
    """

    schema: str
    name: str
    ident: str
    role: str
    categories: tuple[str, ...]
    types: tuple[str, ...]
    returns: bool
    tells: bool
    lasting: bool


@dataclass(frozen=True)
class AttackSurface:
    """All that is tried: roles by the chain of memberships that leads to them, relations, functions.

    ``untried_partitions`` are too many to be tried, and ``notes`` say what else is not.
    """

    column: str
    setting: str
    chains: dict[str, str]
    unavailable_roles: dict[str, str]
    relations: tuple[TenantRelation, ...]
    functions: tuple[DefinerFunction, ...]
    untried_partitions: tuple[TenantRelation, ...]
    notes: tuple[str, ...]
    params: dict[str, object]
    parts: dict[str, sql.Composable]

    @property
    def category(self) -> str:
        """The type category of the tenant column, as most tables have it."""
        found = [relation.tenant for relation in self.tables if relation.tenant]
        return max(sorted(set(found)), key=found.count)

    @property
    def tables(self) -> tuple[TenantRelation, ...]:
        """The topmost tables, in which every row of a tenant lies."""
        return tuple(relation for relation in self.relations if relation.written and relation.level == 0)


def attack_surface(conn: Session, profile: Profile) -> AttackSurface:
    """Return the attack surface of a database.

    Raises:
        Inconclusive: no table has the tenant column, or no role of the application is named or exists.

    """
    version = conn.info.server_version
    ours = {"ours": queries.compose("inventory/included", version)}
    parts: dict[str, sql.Composable] = {"tables": queries.compose("isolation/tenant_tables", version, **ours)}
    names = scope.application_roles(profile)
    params: dict[str, object] = {**inventory.scope(profile), "column": profile.tenancy.column, "roles": list(names)}
    chains, closed = _chains(queries.fetch(conn, "isolation/probe/reachable_roles", params), names)
    params["roles"] = list(chains)
    relations, beyond, notes = _thinned(_reaches(queries.fetch(conn, "isolation/probe/relations", params, **parts)))
    if not any(relation.written for relation in relations):
        cause = f"no table has the column {profile.tenancy.column!r} and a role that could be tried"
        raise Inconclusive(f"{cause}; name the right database, tenancy.column and isolation.roles in the profile")
    known = [
        DefinerFunction(**{**row, "categories": tuple(row["categories"]), "types": tuple(row["types"])})
        for row in queries.fetch(conn, "isolation/probe/functions", params)
    ]
    functions = tuple(function for function in known if function.returns)
    silent = dict.fromkeys(function.ident for function in known if not function.returns)
    notes += [f"{ident} returns no rows, so that it is not called: isolation_routines judges it" for ident in silent]
    poor = dict.fromkeys(function.ident for function in functions if not function.tells)
    kinds = "truth values, numbers, times or labels alone, which contain no row of a tenant"
    notes += [f"{ident} returns {kinds}: isolation_routines judges it" for ident in poor]
    tenancy = profile.tenancy
    return AttackSurface(
        tenancy.column, tenancy.setting, chains, closed, relations, functions, beyond, tuple(notes), params, parts
    )


def _thinned(
    relations: Iterable[TenantRelation],
) -> tuple[tuple[TenantRelation, ...], tuple[TenantRelation, ...], list[str]]:
    """Return the relations to try, granted partitions that are left out, and notes on those that others represent."""
    kept: list[TenantRelation] = []
    beyond: list[TenantRelation] = []
    alike: Counter[tuple[int, str | None]] = Counter()
    different: Counter[int] = Counter()
    spared: Counter[int] = Counter()
    names: dict[int, str] = {}
    for relation in relations:
        names[relation.oid] = relation.ident
        if not (relation.level and relation.granted):
            kept.append(relation)
            continue
        alike[relation.root, relation.guard] += 1
        if alike[relation.root, relation.guard] > _ALIKE:
            spared[relation.root] += 1
        elif different[relation.root] >= DIFFERENT:
            beyond.append(relation)
        else:
            different[relation.root] += 1
            kept.append(relation)
    same = f"are guarded as {_ALIKE} that were tried: by the same policies, grants and owner"
    return tuple(kept), tuple(beyond), [f"{count} partitions of {names[root]} {same}" for root, count in spared.items()]


def _chains(rows: Iterable[dict[str, Any]], names: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the chain to each role, for the roles that the suite's login can become and for the others."""
    chains = {name: name for name in names}
    closed: dict[str, str] = {}
    for row in rows:
        if row["reached"] not in chains:
            chain = " → ".join(dict.fromkeys((row["role"], row["member"] or row["role"], row["reached"])))
            (chains if row["takeable"] else closed)[row["reached"]] = chain
    return chains, closed


def _reaches(rows: Iterable[dict[str, Any]]) -> Iterable[TenantRelation]:
    by_relation: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        by_relation.setdefault(row["oid"], []).append(row)
    for same in by_relation.values():
        access = {row["role"]: Access(**{name: row[name] for name in Access.__dataclass_fields__}) for row in same}
        fields = {name: same[0][name] for name in TenantRelation.__dataclass_fields__ if name != "access"}
        yield TenantRelation(**fields, access=access)
