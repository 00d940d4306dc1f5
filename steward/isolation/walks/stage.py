"""Where walks take place: a copy in which invented tenants have rows, and what each role may do with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from steward import Inconclusive
from steward.database import session
from steward.isolation.catalog import scope
from steward.isolation.probe import row_templates, side_effects, surface, tenants
from steward.isolation.probe.row_seeder import RowSeeder, SeedRefusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from steward.database.session import Session
    from steward.isolation.clone.clone import Clone
    from steward.isolation.probe.surface import TenantRelation
    from steward.profile import Profile

__all__ = ["AllowedWrite", "WalkDatabase", "stage"]

# A walk is about sessions; what each relation lets through is the probe's to say.
_TABLES = 6
_NEEDED = ("A", "B")
_WRITES: tuple[Literal["insert", "update", "move", "delete"], ...] = ("insert", "update", "move", "delete")


@dataclass(frozen=True)
class AllowedWrite:
    """A write that a role has the privilege for: ``what`` as `Pooled` calls it."""

    role: str
    reach: TenantRelation
    what: Literal["insert", "update", "move", "delete"]


@dataclass(frozen=True)
class WalkDatabase:
    """A copy of the database where tenants have rows; ``values`` are the tenants by their letters."""

    clone: Clone
    profile: Profile
    roles: tuple[str, ...]
    read: tuple[TenantRelation, ...]
    written: tuple[TenantRelation, ...]
    values: Mapping[str, str]
    seeder: RowSeeder
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def turns(self) -> list[AllowedWrite]:
        """All writes that there are."""
        found = []
        for role in self.roles:
            for reach in self.written:
                access = reach.access[role]
                may = {
                    "insert": access.inserts,
                    "update": access.updates,
                    "move": access.moves,
                    "delete": access.deletes,
                }
                found += [AllowedWrite(role, reach, what) for what in _WRITES if may[what]]
        return found

    def label(self, tenant: str | None) -> str:
        """Return a tenant by its letter; those that exist have no name here."""
        named = {value: label for label, value in self.values.items()}
        return named.get(tenant or "", "a tenant that exists" if tenant else "no tenant")

    def count(self, what: str) -> None:
        """Count what was seen: a walk that saw nothing proves nothing."""
        self.counts[what] = self.counts.get(what, 0) + 1


def stage(clone: Clone, profile: Profile) -> WalkDatabase:
    """Give invented tenants rows in the copy, and return what can be walked on.

    Raises:
        Inconclusive: no role of the application may read a table, or no table takes rows of two tenants.

    """
    names = scope.application_roles(profile)
    with session.plain(clone.at) as conn:
        ground = surface.look(conn, profile)
    granted = [
        reach for reach in ground.tables if any(reach.access[name].any for name in names if name in reach.access)
    ]
    with _seeding(clone, profile) as conn:
        found = row_templates.shapes(conn, ground, [reach.oid for reach in granted])
        blocked = side_effects.reactions(conn, profile, ground, list(found))
        seeder = RowSeeder(conn, found, profile.tenancy.column, blocked)
        values, written, refused = _seed(seeder, granted, tenants.invented(ground.category, profile.tenancy.format))
    if not written:
        told = "; ".join(refused) or f"no table that {', '.join(names)} may use"
        raise Inconclusive(f"no table took rows of two tenants: {told}; grant select on one, or correct tenancy.format")
    inside = {reach.oid for reach in written} | {reach.root for reach in written}
    read = [
        reach for reach in ground.reaches if reach.tenant and reach.granted and (reach.depth or reach.root in inside)
    ]
    return WalkDatabase(clone, profile, names, tuple(read), tuple(written), values, seeder)


def _seeding(clone: Clone, profile: Profile) -> Session:
    """Connect as somebody whom row-level security does not filter."""
    return session.plain(clone.admin) if clone.admin else session.maintenance(clone.at, profile)


def _seed(
    seeder: RowSeeder, granted: Iterable[TenantRelation], invented: Iterable[tenants.ProbeTenant]
) -> tuple[dict[str, str], list[TenantRelation], list[str]]:
    """Return the tenants that all tables took, those tables, and why others took none."""
    values = {each.label: each.value for each in invented}
    written: list[TenantRelation] = []
    refused: list[str] = []
    for reach in granted:
        taken, told = _row_each(seeder, reach, values)
        if all(label in taken for label in _NEEDED) and len(written) < _TABLES:
            written.append(reach)
            values = {label: value for label, value in values.items() if label in taken}
        refused += told
    return values, written, refused


def _row_each(seeder: RowSeeder, reach: TenantRelation, values: Mapping[str, str]) -> tuple[set[str], list[str]]:
    taken, refused = set(), []
    for label, value in values.items():
        try:
            with seeder.conn.transaction():
                seeder.seed(reach.oid, value)
            taken.add(label)
        except SeedRefusal as error:
            refused.append(error.reason)
    return taken, refused
