"""Which families of partitions are managed, and which of their periods are missing: pure, from the catalog alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from steward.procedures import bounds, naming

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steward.inventory import Family, Partition, Scan
    from steward.procedures.bounds import Grid, Span
    from steward.profile import PartitionFamily
    from steward.work import Settings

__all__ = ["Lacking", "considered", "expectations", "included", "lacking", "rule"]


@dataclass(frozen=True)
class Lacking:
    """A family with the periods that it lacks; ``sibling`` is the partition that new ones are made like."""

    family: Family
    grid: Grid
    template: str
    sibling: Partition
    default: Partition | None
    spans: tuple[Span, ...]


def considered(scan: Scan, settings: Settings) -> tuple[Family, ...]:
    """Return the families by range that the profile wants managed, whether that is possible or not."""
    wanted = settings.profile.partitions
    return tuple(
        family
        for family in scan.families
        if family.strategy == "r"
        and any(fnmatchcase(f"{family.schema}.{family.name}", pattern) for pattern in wanted.include)
        and not any(fnmatchcase(f"{family.schema}.{family.name}", pattern) for pattern in wanted.exclude)
    )


def included(scan: Scan, settings: Settings) -> tuple[Family, ...]:
    """Return those of them that consist of leaves over one column of time; other levels of a tree are left alone."""
    return tuple(family for family in considered(scan, settings) if _over_time(family))


def rule(family: Family, settings: Settings) -> PartitionFamily | None:
    """Return what the profile says of this family alone."""
    return settings.profile.partitions.families.get(family.ident)


def lacking(scan: Scan, settings: Settings) -> Iterator[Lacking]:
    """Yield the families that lack a period from the present one to as many ahead as the profile wants.

    The clock is the server's at the time of the scan, never the newest row or partition: a stray one in the far future
    makes nothing run away.
    """
    now = datetime.fromisoformat(scan.server.taken_at)
    for family in included(scan, settings):
        members = _members(family)
        grid = bounds.learn(map(bounds.span, members), now)
        if grid is None:
            continue
        spans = bounds.missing(grid, [bounds.span(each) for each in members], now, _ahead(family, settings))
        if spans:
            begun = [each for each in members if bounds.span(each).lower <= now]
            default = next((each for each in family.partitions if each.is_default), None)
            template = _template(family, members, grid, settings)
            yield Lacking(family, grid, template, (begun or members)[-1], default, spans)


def expectations(scan: Scan, settings: Settings) -> list[dict[str, object]]:
    """Return until when each considered family should be covered, and how its members' names look, for the checks.

    Both are None for a family that is not managed.
    """
    now = datetime.fromisoformat(scan.server.taken_at)
    managed = {family.oid for family in included(scan, settings)}
    found: list[dict[str, object]] = []
    for family in considered(scan, settings):
        members = _members(family)
        grid = bounds.learn(map(bounds.span, members), now) if family.oid in managed else None
        until = pattern = None
        if grid is not None:
            until = grid.periods(now, _ahead(family, settings))[-1].upper.isoformat()
            pattern = naming.pattern(_template(family, members, grid, settings))
        found.append({"oid": family.oid, "until": until, "pattern": pattern})
    return found


def _members(family: Family) -> list[Partition]:
    return sorted((each for each in family.partitions if not each.is_default), key=bounds.span)


def _ahead(family: Family, settings: Settings) -> int:
    said = rule(family, settings)
    return settings.figures.partitions_ahead if said is None or said.ahead is None else said.ahead


def _template(family: Family, members: list[Partition], grid: Grid, settings: Settings) -> str:
    said = rule(family, settings)
    return (said and said.naming) or _learnt(family, members, grid)


def _over_time(family: Family) -> bool:
    leaves = not any(partition.is_partitioned for partition in family.partitions)
    return len(family.key_types) == 1 and family.key_types[0] in bounds.TIME_TYPES and leaves


def _learnt(family: Family, members: list[Partition], grid: Grid) -> str:
    regular = [
        (each.name, grid.nominal(bounds.span(each).lower))
        for each in members
        if bounds.span(each).lower != bounds.BEGIN and bounds.span(each) == grid.period(bounds.span(each).lower)
    ]
    return naming.learn(regular, grid.granularity) or naming.conventional(family.name, grid.granularity)
