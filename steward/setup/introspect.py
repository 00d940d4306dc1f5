"""Inspection of a database for its first profile, from the catalog alone.

Nothing is written, no row is read, and nothing is decided that the catalog does not show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from steward.actions.partitioning import bounds, clocks, families
from steward.database import inventory, queries, session
from steward.engine.executor import RunSettings
from steward.profile import PartitionFamily

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steward.actions.partitioning.bounds import Granularity
    from steward.database.inventory import Family, Scan
    from steward.database.target import Target
    from steward.profile import Profile

__all__ = ["FamilyDraft", "Inspection", "RoleUse", "inspect"]

# How many periods are worth having in advance: enough for a few days without a run.
_AHEAD: dict[Granularity, int] = {"day": 7, "week": 4, "month": 3, "quarter": 2, "year": 1}
# A column tells tenants apart when policies use it and at least this share of all tables has it.
_MOST = 0.5


@dataclass(frozen=True)
class RoleUse:
    """A role that has to do with the tables: how many it owns, writes and reads, and who may log in and act as it."""

    role: str
    owns: int
    writes: int
    reads: int
    bypassrls: bool
    superuser: bool
    login: bool
    members: Sequence[str]
    owners: bool


@dataclass(frozen=True)
class FamilyDraft:
    """A family of partitions: what the profile should set for it, or why it cannot be managed and what would help."""

    ident: str
    key: str
    count: int
    rule: PartitionFamily
    granularity: Granularity | None = None
    template: str = ""
    learnt: bool = True
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Inspection:
    """The result of an inspection; names are as PostgreSQL quotes them."""

    database: str
    version: str
    timezone: str
    schemas: dict[str, int]
    counts: dict[str, int]
    roles: tuple[RoleUse, ...]
    tenancy: dict[str, Any] | None
    families: tuple[FamilyDraft, ...]
    matviews: tuple[str, ...]
    extensions: tuple[dict[str, Any], ...]
    clocks: tuple[dict[str, Any], ...]

    @property
    def owners(self) -> list[RoleUse]:
        """The roles that own tables, the one with most first."""
        return sorted((role for role in self.roles if role.owns), key=lambda role: -role.owns)

    @property
    def maintenance(self) -> list[RoleUse]:
        """The roles that could act: row security does not filter them, and they have the rights of all owners."""
        return [role for role in self.roles if role.bypassrls and not role.superuser and role.owners]

    @property
    def application(self) -> list[RoleUse]:
        """The roles that could be the application's: filtered, and granted to write, the one with most first."""
        able = [role for role in self.roles if role.writes and not (role.owns or role.superuser or role.bypassrls)]
        return sorted(able, key=lambda role: -role.writes)


def inspect(at: Target, profile: Profile) -> Inspection:
    """Inspect the database as the login itself; the number of queries does not depend on what is there.

    Raises:
        TargetError: it cannot be reached.
        InventoryError: there is no table in sight.

    """
    within = {"ours": queries.compose("inventory/included")}
    scope = inventory.scope(profile)
    with session.reader(at, profile) as conn:
        scan = inventory.scan(conn, profile)
        facts = queries.fetch(conn, "inspection/database")[0]
        roles = queries.fetch(conn, "inspection/roles", scope, **within)
        policies = queries.fetch(conn, "inspection/policies", scope, **within)
        columns = queries.fetch(conn, "inspection/clocks", scope, **within)
        names = {"names": list(profile.extensions.required)}
        extensions = queries.fetch(conn, "inspection/extensions", names)
    tables = [relation for relation in scan.relations if relation.kind in "rp" and not relation.is_partition]
    return Inspection(
        **facts,
        schemas={
            name: sum(relation.schema == name for relation in tables)
            for name in sorted({relation.schema for relation in tables})
        },
        counts={
            "tables": len(tables),
            "partitions": sum(relation.is_partition and relation.kind == "r" for relation in scan.relations),
            "matviews": sum(relation.kind == "m" for relation in scan.relations),
        },
        roles=tuple(RoleUse(**relation) for relation in roles),
        tenancy=_tenancy(policies),
        families=tuple(_families(scan, profile, facts["timezone"])),
        matviews=tuple(relation.ident for relation in scan.relations if relation.kind == "m"),
        extensions=tuple(extensions),
        clocks=tuple(columns),
    )


def _tenancy(policies: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the column by which policies tell tenants apart, and the setting that names the current tenant."""
    for policy in policies:
        if policy["setting"] and policy["present"] >= _MOST * policy["of"]:
            return policy
    return None


def _families(scan: Scan, profile: Profile, timezone: str) -> list[FamilyDraft]:
    """Return every family by range, with the settings that it needs in the profile."""
    plain = RunSettings(profile, "daily")
    rules = {family.ident: _rule_for(family, timezone) for family in families.considered(scan, plain)}
    partitions = profile.partitions.model_copy(update={"families": rules})
    settings = RunSettings(profile.model_copy(update={"partitions": partitions}), "daily")
    expected = {expectation["oid"]: expectation for expectation in families.expectations(scan, settings)}
    family_scan = families.FamilyScan.at(scan, settings)
    found = []
    for family in families.considered(scan, settings):
        scheme = families.scheme_of(family, family_scan)
        key, count = f"{', '.join(family.key_columns)} ({', '.join(family.key_types)})", len(family.partitions)
        facts = FamilyDraft(family.ident, key, count, rules[family.ident])
        if scheme is None:
            reason, remedy = (str(expected[family.oid][name]) for name in ("reason", "remedy"))
            found.append(replace(facts, reason=reason, remedy=remedy))
        elif scheme.limits == bounds.EVER:
            # What lies within a period of the level above is laid out with it, and follows the settings of that level.
            ahead = facts.rule.model_copy(update={"ahead": _AHEAD[scheme.period_bounds.granularity]})
            granularity, style = scheme.period_bounds.granularity, scheme.style
            found.append(
                replace(facts, rule=ahead, granularity=granularity, template=style.template, learnt=style.learnt)
            )
    return found


def _rule_for(family: Family, timezone: str) -> PartitionFamily:
    """Return the settings that only the profile has: what numbers count, and the time zone of the bounds."""
    if len(family.key_types) == 1 and family.key_types[0] in clocks.COUNTER_TYPES:
        return PartitionFamily(
            epoch=next((epoch for epoch in clocks.EPOCHS if families.counting_calendar_time(family, epoch)), None)
        )
    if family.key_types != ("timestamp with time zone",) or timezone in ("", "UTC", "Etc/UTC", "GMT"):
        return PartitionFamily()
    try:
        clock = clocks.Clock(family.key_types[0], None, ZoneInfo(timezone))
    except (OSError, ValueError):
        return PartitionFamily()
    own, utc = _regular(family, clock), _regular(family, clocks.Clock(family.key_types[0], None, UTC))
    return PartitionFamily(timezone=timezone if own and not utc else None)


def _regular(family: Family, clock: clocks.Clock) -> bool:
    """Return whether every partition is one period of the clock's calendar, from midnight on."""
    spans = [bounds.span(span, clock) for span in families.members(family, clock)]
    finite = [span for span in spans if span.lower != clocks.BEGIN and span.upper != clocks.END]
    period_bounds = bounds.learn(finite, clocks.END)
    midnight = period_bounds is not None and not period_bounds.shift.seconds
    return period_bounds is not None and midnight and all(period_bounds.period(span.lower) == span for span in finite)
