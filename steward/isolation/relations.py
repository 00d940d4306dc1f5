"""What each role of the application can reach of the rows of tenants, by the catalog: what the probe must try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from steward import Inconclusive, inventory, queries
from steward.isolation import scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steward.profile import Profile
    from steward.session import Session

__all__ = ["Access", "Function", "Ground", "Reach", "look"]

_TABLES = ("r", "p")


@dataclass(frozen=True)
class Access:
    """What a role may do with a relation: privileges only, before any policy."""

    reads: bool
    reads_tenant: bool
    inserts: bool
    updates: bool
    moves: bool
    deletes: bool
    truncates: bool

    @property
    def any(self) -> bool:
        """Whether it may do anything at all."""
        return self.reads or self.inserts or self.updates or self.deletes or self.truncates


@dataclass(frozen=True)
class Reach:
    """A relation with rows of tenants, and what each role may do with it."""

    oid: int
    schema: str
    name: str
    ident: str
    kind: str
    level: int
    root: int
    tenant: str | None
    depth: int
    feeds: bool
    access: dict[str, Access]

    @property
    def relation(self) -> sql.Identifier:
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


@dataclass(frozen=True)
class Function:
    """A function that runs with its owner's rights, and the arguments that a call must give."""

    schema: str
    name: str
    ident: str
    role: str
    categories: tuple[str, ...]
    types: tuple[str, ...]
    lasting: bool


@dataclass(frozen=True)
class Ground:
    """Everything that is tried: roles by the chain that leads to them, relations, functions."""

    column: str
    setting: str
    chains: dict[str, str]
    closed: dict[str, str]
    reaches: tuple[Reach, ...]
    functions: tuple[Function, ...]
    told: dict[str, object]
    parts: dict[str, sql.Composable]

    @property
    def category(self) -> str:
        """The type category of the tenant column, as most tables have it."""
        found = [reach.tenant for reach in self.tables if reach.tenant]
        return max(sorted(set(found)), key=found.count)

    @property
    def tables(self) -> tuple[Reach, ...]:
        """The topmost tables, in which every row of a tenant lies."""
        return tuple(reach for reach in self.reaches if reach.written and reach.level == 0)


def look(conn: Session, profile: Profile) -> Ground:
    """Return what is to be tried.

    Raises:
        Inconclusive: no table has the tenant column, or no role of the application is named or exists.

    """
    version = conn.info.server_version
    ours = {"ours": queries.compose("inventory/ours", version)}
    parts: dict[str, sql.Composable] = {"tables": queries.compose("isolation/tables", version, **ours)}
    names = scope.roles(profile)
    told: dict[str, object] = {**inventory.scope(profile), "column": profile.tenancy.column, "roles": list(names)}
    chains, closed = _chains(queries.fetch(conn, "isolation/probe_reached", told), names)
    told["roles"] = list(chains)
    reaches = tuple(_reaches(queries.fetch(conn, "isolation/probe_relations", told, **parts)))
    if not any(reach.written for reach in reaches):
        lacking = f"no table has the column {profile.tenancy.column!r} and a role that could be tried"
        raise Inconclusive(f"{lacking}; name the right database, tenancy.column and isolation.roles in the profile")
    functions = tuple(
        Function(**{**row, "categories": tuple(row["categories"]), "types": tuple(row["types"])})
        for row in queries.fetch(conn, "isolation/probe_functions", told)
    )
    return Ground(profile.tenancy.column, profile.tenancy.setting, chains, closed, reaches, functions, told, parts)


def _chains(rows: Iterable[dict[str, Any]], names: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return by which chain each role is reached, and those that the suite's login may not become to try them."""
    chains = {name: name for name in names}
    closed: dict[str, str] = {}
    for row in rows:
        if row["reached"] not in chains:
            chain = f"{row['role']} → {row['reached']}"
            (chains if row["takeable"] else closed)[row["reached"]] = chain
    return chains, closed


def _reaches(rows: Iterable[dict[str, Any]]) -> Iterable[Reach]:
    by_relation: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        by_relation.setdefault(row["oid"], []).append(row)
    for same in by_relation.values():
        access = {row["role"]: Access(**{name: row[name] for name in Access.__dataclass_fields__}) for row in same}
        fields = {name: same[0][name] for name in Reach.__dataclass_fields__ if name != "access"}
        yield Reach(**fields, access=access)
