"""The database of the walks: a copy in which invented tenants have rows, and the privileges of each role."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from steward import Inconclusive
from steward.database import session
from steward.isolation.catalog import scope
from steward.isolation.probe import row_templates, side_effects, tenants
from steward.isolation.probe.row_seeder import RowSeeder, SeedRefusal
from steward.isolation.probe.surface import attack_surface

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from steward.database.session import Session
    from steward.isolation.clone.clone import Clone
    from steward.isolation.probe.surface import TenantRelation
    from steward.profile import Profile

__all__ = ["AllowedWrite", "WalkDatabase", "prepare"]

# A walk tests sessions; the probe tests every relation.
_TABLES = 6
_NEEDED = ("A", "B")
_WRITES: tuple[Literal["insert", "update", "move", "delete"], ...] = ("insert", "update", "move", "delete")


@dataclass(frozen=True)
class AllowedWrite:
    """A write that a role has the privilege for."""

    role: str
    relation: TenantRelation
    command: Literal["insert", "update", "move", "delete"]


@dataclass(frozen=True)
class WalkDatabase:
    """A copy of the database in which tenants have rows; ``values`` are the tenants by letter."""

    clone: Clone
    profile: Profile
    roles: tuple[str, ...]
    read: tuple[TenantRelation, ...]
    written: tuple[TenantRelation, ...]
    values: Mapping[str, str]
    seeder: RowSeeder
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def allowed_writes(self) -> list[AllowedWrite]:
        """All writes that the roles have the privilege for."""
        found = []
        for role in self.roles:
            for relation in self.written:
                access = relation.access[role]
                may = {
                    "insert": access.inserts,
                    "update": access.updates,
                    "move": access.moves,
                    "delete": access.deletes,
                }
                found += [AllowedWrite(role, relation, command) for command in _WRITES if may[command]]
        return found

    def label(self, tenant: str | None) -> str:
        """Return the letter of a tenant; existing tenants are not named."""
        named = {value: label for label, value in self.values.items()}
        return named.get(tenant or "", "a tenant that exists" if tenant else "no tenant")

    def count(self, what: str) -> None:
        """Count an observation: a walk that saw nothing proves nothing."""
        self.counts[what] = self.counts.get(what, 0) + 1


def prepare(clone: Clone, profile: Profile) -> WalkDatabase:
    """Insert rows of invented tenants into the copy, and return the database of the walks.

    Raises:
        Inconclusive: no role of the application may read a table, or no table takes rows of two tenants.

    """
    names = scope.application_roles(profile)
    with session.login(clone.at) as conn:
        surface = attack_surface(conn, profile)
    granted = [
        relation
        for relation in surface.tables
        if any(relation.access[name].any for name in names if name in relation.access)
    ]
    with _seeding(clone, profile) as conn:
        found = row_templates.read_templates(conn, surface, [relation.oid for relation in granted])
        blocked = side_effects.write_side_effects(conn, profile, surface, list(found))
        seeder = RowSeeder(conn, found, profile.tenancy.column, blocked)
        values, written, refused = _seed(seeder, granted, tenants.invented(surface.category, profile.tenancy.format))
    if not written:
        reason = "; ".join(refused) or f"no table that {', '.join(names)} may use"
        raise Inconclusive(
            f"no table took rows of two tenants: {reason}; grant select on one, or correct tenancy.format"
        )
    inside = {relation.oid for relation in written} | {relation.root for relation in written}
    read = [
        relation
        for relation in surface.relations
        if relation.tenant and relation.granted and (relation.depth or relation.root in inside)
    ]
    return WalkDatabase(clone, profile, names, tuple(read), tuple(written), values, seeder)


def _seeding(clone: Clone, profile: Profile) -> Session:
    """Connect as a role that row-level security does not filter."""
    return session.login(clone.admin) if clone.admin else session.maintenance(clone.at, profile)


def _seed(
    seeder: RowSeeder, granted: Iterable[TenantRelation], invented: Iterable[tenants.ProbeTenant]
) -> tuple[dict[str, str], list[TenantRelation], list[str]]:
    """Return the tenants that all tables accepted, those tables, and why others accepted none."""
    values = {tenant.label: tenant.value for tenant in invented}
    written: list[TenantRelation] = []
    refused: list[str] = []
    for relation in granted:
        taken, reasons = _row_each(seeder, relation, values)
        if all(label in taken for label in _NEEDED) and len(written) < _TABLES:
            written.append(relation)
            values = {label: value for label, value in values.items() if label in taken}
        refused += reasons
    return values, written, refused


def _row_each(seeder: RowSeeder, relation: TenantRelation, values: Mapping[str, str]) -> tuple[set[str], list[str]]:
    taken, refused = set(), []
    for label, value in values.items():
        try:
            with seeder.conn.transaction():
                seeder.seed(relation.oid, value)
            taken.add(label)
        except SeedRefusal as error:
            refused.append(error.reason)
    return taken, refused
