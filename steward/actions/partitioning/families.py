"""Which families of partitions are managed, and which of their periods are missing: pure, from the catalog alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from steward.actions.partitioning import bounds, clocks, naming
from steward.actions.partitioning.clocks import BEGIN, END
from steward.profile import PartitionFamily

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from steward.actions.partitioning.bounds import PeriodBounds, Span
    from steward.actions.partitioning.clocks import Clock
    from steward.actions.partitioning.naming import NameTemplate
    from steward.database.inventory import Family, Partition, Scan
    from steward.engine.executor import RunSettings
    from steward.profile import Epoch

__all__ = [
    "FamilyScan",
    "MissingPartition",
    "PartitioningScheme",
    "considered",
    "expectations",
    "habit",
    "included",
    "lacking",
    "members",
    "recognised",
]

_NOTHING = PartitionFamily()
# Numbers that mean no time of ours count something else.
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class FamilyScan:
    """A scan as the profile sees it.

    ``above`` has, by oid, the family that something is a partition of, and as which one.
    """

    scan: Scan
    settings: RunSettings
    above: Mapping[int, tuple[Family, Partition]]

    @classmethod
    def at(cls, scan: Scan, settings: RunSettings) -> FamilyScan:
        """Look at a scan."""
        return cls(scan, settings, {each.oid: (family, each) for family in scan.families for each in family.partitions})

    @property
    def now(self) -> datetime:
        """The server's clock at the time of the scan."""
        return datetime.fromisoformat(self.scan.server.taken_at)

    def rule(self, family: Family) -> PartitionFamily:
        """Return what the profile says of a family, or else of the nearest one above it.

        Names are its own only, and what numbers count is said of levels over numbers.
        """
        said = self.settings.profile.partitions.families
        if not said:
            return _NOTHING
        counts = any(key_type in clocks.COUNTER_TYPES for key_type in family.key_types)
        apart = {"naming"} if counts else {"naming", "epoch"}
        found: dict[str, object] = {}
        child: Family | None = family
        while child:
            own = said.get(child.ident)
            if own:
                keys = own.model_dump(exclude_none=True, exclude=None if child is family else apart)
                found = {**keys, **found}
            child = self.above[child.oid][0] if child.oid in self.above else None
        return PartitionFamily.model_validate(found)

    def ahead(self, family: Family) -> int:
        """Return how many periods beside the present one a family should have."""
        said = self.rule(family).ahead
        return self.settings.figures.partitions_ahead if said is None else said


@dataclass(frozen=True)
class PartitioningScheme:
    """How a family goes on: its clock, its periods, how they are called, and what its own bounds leave it."""

    clock: Clock
    grid: PeriodBounds
    style: NameTemplate
    place: Span


@dataclass(frozen=True)
class MissingPartition:
    """A family with the periods that it lacks; ``sibling`` is the partition that new ones are made like."""

    family: Family
    said: PartitionFamily
    habit: PartitioningScheme
    sibling: Partition
    default: Partition | None
    spans: tuple[Span, ...]


def considered(scan: Scan, settings: RunSettings) -> tuple[Family, ...]:
    """Return the families by range that the profile wants managed, whether that is possible or not."""
    wanted = settings.profile.partitions
    return tuple(
        family
        for family in scan.families
        if family.strategy == "r"
        and any(fnmatchcase(f"{family.schema}.{family.name}", pattern) for pattern in wanted.include)
        and not any(fnmatchcase(f"{family.schema}.{family.name}", pattern) for pattern in wanted.exclude)
    )


def included(scan: Scan, settings: RunSettings) -> tuple[Family, ...]:
    """Return those of them that are over one column of time, whatever level of a tree they are."""
    look = FamilyScan.at(scan, settings)
    return tuple(family for family in considered(scan, settings) if clocks.of(family, look.rule(family)))


def lacking(scan: Scan, settings: RunSettings) -> Iterator[MissingPartition]:
    """Yield the families that lack a period from the present one to as many ahead as the profile wants.

    The clock is the server's at the time of the scan, never the newest row or partition: a stray one in the far future
    makes nothing run away.
    """
    look = FamilyScan.at(scan, settings)
    for family in considered(scan, settings):
        found = habit(family, look)
        if found is None:
            continue
        now = found.clock.now(look.now)
        there = members(family, found.clock)
        covered = [bounds.span(each, found.clock) for each in there]
        spans = bounds.missing(found.grid, covered, now, look.ahead(family), found.place)
        if spans:
            begun = [each for each, span in zip(there, covered, strict=True) if span.lower <= now]
            default = next((each for each in family.partitions if each.is_default), None)
            yield MissingPartition(family, look.rule(family), found, (begun or there)[-1], default, spans)


def expectations(scan: Scan, settings: RunSettings) -> list[dict[str, object]]:
    """Return what the checks expect of each considered family.

    ``since`` and ``until`` are instants: from when (None: from its first partition on) and until when it should be
    covered. ``microseconds`` is what one of its numbers means, None where they are no numbers; ``pattern`` how its
    members' names look. ``reason`` and ``remedy`` say why it is not managed and what would help, and nothing else is
    said then.
    """
    look = FamilyScan.at(scan, settings)
    return [_expected(family, look) for family in considered(scan, settings)]


def habit(family: Family, look: FamilyScan) -> PartitioningScheme | None:
    """Return how a family goes on, None where it is over no time or nothing can be learnt from its partitions."""
    said = look.rule(family)
    clock = clocks.of(family, said)
    if clock is None:
        return None
    there = members(family, clock)
    grid = bounds.learn([bounds.span(each, clock) for each in there], clock.now(look.now))
    if grid is None:
        return None
    style = naming.NameTemplate(said.naming) if said.naming else _learnt(family, there, clock, grid)
    return PartitioningScheme(clock, grid, style, _place(family, look.above, clock))


def members(family: Family, clock: Clock) -> list[Partition]:
    """Return the partitions that have bounds, in the order of time."""
    return sorted(
        (each for each in family.partitions if not each.is_default), key=lambda each: bounds.span(each, clock)
    )


def _place(family: Family, above: Mapping[int, tuple[Family, Partition]], clock: Clock) -> Span:
    """Return what the bounds of the family itself, and of all above it, leave of its own column."""
    place, child = bounds.EVER, family
    while child.oid in above:
        parent, partition = above[child.oid]
        if parent.strategy == "r" and parent.key_columns == family.key_columns:
            # What a default partition holds is anywhere, and what comes belongs elsewhere.
            place = place.within(bounds.Span(END, END) if partition.is_default else bounds.span(partition, clock))
        child = parent
    return place


def _expected(family: Family, look: FamilyScan) -> dict[str, object]:
    found = habit(family, look)
    if found is None:
        observed, remedy = _reason(family, look.rule(family))
        return {"oid": family.oid, "reason": observed, "remedy": remedy}
    clock, place = found.clock, found.place
    if place.lower >= place.upper:
        return {"oid": family.oid}
    until = min(found.grid.periods(clock.now(look.now), look.ahead(family))[-1].upper, place.upper)
    return {
        "oid": family.oid,
        "since": None if place.lower == BEGIN else clock.instant(place.lower).isoformat(),
        "until": clock.instant(until).isoformat(),
        "microseconds": clocks.EPOCHS[clock.epoch] if clock.epoch else None,
        "pattern": naming.pattern(found.style.template),
    }


def _reason(family: Family, said: PartitionFamily) -> tuple[str, str]:
    """Tell why a family gets no coming partitions, and what would help."""
    excluding = "say that somebody else makes them: [partitions] exclude in the profile"
    clock = clocks.of(family, said)
    [key_type, *more] = family.key_types
    expression = family.key_columns[0] == "(expression)"
    if more or expression:
        return "a range over an expression" if expression else "a key of several columns", excluding
    if clock is None:
        counting = f"{_counting(family)}, or " if key_type in clocks.COUNTER_TYPES else ""
        wrong = f"leave out epoch = {said.epoch!r}, or " if said.epoch else ""
        return f"a range over {key_type}", f"{counting}{wrong}{excluding}"
    if not members(family, clock):
        return "no partition to learn the period from", f"make a first partition, or {excluding}"
    odd = "make partitions of one period each, or say by which time zone they go: timezone in the profile"
    return "bounds that are no day, week, month, quarter or year", f"{odd}, or {excluding}"


def _counting(family: Family) -> str:
    """Say what to write where the numbers of a family look like time; nothing acts on it by itself."""
    table = f"[partitions.families.'{family.ident}']"
    for epoch in clocks.EPOCHS:
        if recognised(family, epoch):
            return f'its bounds are those of a calendar: say epoch = "{epoch}" under {table} in the profile'
    return f"if it counts time since 1970, say what (epoch) under {table} in the profile"


def recognised(family: Family, epoch: Epoch) -> PeriodBounds | None:
    """Return the periods of a family whose numbers all lie on a calendar of our time, if they count so."""
    clock = clocks.Clock(family.key_types[0], epoch)
    spans = [bounds.span(each, clock) for each in members(family, clock)]
    finite = [each for each in spans if each.lower != BEGIN and each.upper != END]
    grid = bounds.learn(finite, _LATEST)
    if grid is None or finite[0].lower < _EARLIEST or finite[-1].upper > _LATEST:
        return None
    return grid if all(grid.period(each.lower) == each for each in finite) else None


def _learnt(family: Family, there: Sequence[Partition], clock: Clock, grid: PeriodBounds) -> NameTemplate:
    spans = [(each.name, bounds.span(each, clock)) for each in there]
    finite = [(name, span) for name, span in spans if span.lower != BEGIN and span.upper != END]
    regular = [(name, span) for name, span in finite if span == grid.period(span.lower)]
    learnt = naming.style(regular, grid)
    return learnt or naming.NameTemplate(naming.conventional(family.name, grid.granularity), learnt=False)
