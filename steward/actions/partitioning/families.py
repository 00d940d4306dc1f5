"""The managed families of partitions and their missing periods, from the scan alone."""

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
    "counting_calendar_time",
    "expectations",
    "included",
    "members",
    "missing_partitions",
    "scheme_of",
]

_NOTHING = PartitionFamily()
# Numbers that mean no time of ours count something else.
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class FamilyScan:
    """A scan as the profile sees it.

    ``parents`` has, by the oid of a partition, its family and the partition.
    """

    scan: Scan
    settings: RunSettings
    parents: Mapping[int, tuple[Family, Partition]]

    @classmethod
    def at(cls, scan: Scan, settings: RunSettings) -> FamilyScan:
        """Return a scan with the parents of its partitions."""
        return cls(
            scan,
            settings,
            {partition.oid: (family, partition) for family in scan.families for partition in family.partitions},
        )

    @property
    def now(self) -> datetime:
        """The server's clock at the time of the scan."""
        return datetime.fromisoformat(self.scan.server.taken_at)

    def rule(self, family: Family) -> PartitionFamily:
        """Return what the profile says of a family, or else of the nearest one above it.

        Names are its own only, and epochs only hold for levels over numbers.
        """
        configured = self.settings.profile.partitions.families
        if not configured:
            return _NOTHING
        counts = any(key_type in clocks.COUNTER_TYPES for key_type in family.key_types)
        apart = {"naming"} if counts else {"naming", "epoch"}
        found: dict[str, object] = {}
        child: Family | None = family
        while child:
            own = configured.get(child.ident)
            if own:
                keys = own.model_dump(exclude_none=True, exclude=None if child is family else apart)
                found = {**keys, **found}
            child = self.parents[child.oid][0] if child.oid in self.parents else None
        return PartitionFamily.model_validate(found)

    def ahead(self, family: Family) -> int:
        """Return how many periods beside the present one a family should have."""
        configured = self.rule(family).ahead
        return self.settings.figures.partitions_ahead if configured is None else configured


@dataclass(frozen=True)
class PartitioningScheme:
    """How a family is partitioned: its clock, its periods, their names, and the limits that its own bounds set."""

    clock: Clock
    period_bounds: PeriodBounds
    style: NameTemplate
    limits: Span


@dataclass(frozen=True)
class MissingPartition:
    """A family with the periods that it lacks; ``sibling`` is the partition that new ones are made like."""

    family: Family
    rule: PartitionFamily
    scheme: PartitioningScheme
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
    family_scan = FamilyScan.at(scan, settings)
    return tuple(family for family in considered(scan, settings) if clocks.of(family, family_scan.rule(family)))


def missing_partitions(scan: Scan, settings: RunSettings) -> Iterator[MissingPartition]:
    """Yield the families that lack a period from the present one to as many ahead as the profile wants.

    The clock is the server's at the time of the scan, never the newest row or partition: a stray one in the far future
    makes nothing run away.
    """
    family_scan = FamilyScan.at(scan, settings)
    for family in considered(scan, settings):
        scheme = scheme_of(family, family_scan)
        if scheme is None:
            continue
        now = scheme.clock.now(family_scan.now)
        existing = members(family, scheme.clock)
        covered = [bounds.span(partition, scheme.clock) for partition in existing]
        spans = bounds.missing(scheme.period_bounds, covered, now, family_scan.ahead(family), scheme.limits)
        if spans:
            begun = [partition for partition, span in zip(existing, covered, strict=True) if span.lower <= now]
            default = next((partition for partition in family.partitions if partition.is_default), None)
            yield MissingPartition(family, family_scan.rule(family), scheme, (begun or existing)[-1], default, spans)


def expectations(scan: Scan, settings: RunSettings) -> list[dict[str, object]]:
    """Return what the checks expect of each considered family.

    ``since`` and ``until`` are instants: from when (None: from its first partition on) and until when it should be
    covered. ``microseconds`` is what one of its numbers means, None where they are no numbers; ``pattern`` how its
    members' names look. ``reason`` and ``remedy`` say why it is not managed and what would help; nothing else
    is given then.
    """
    family_scan = FamilyScan.at(scan, settings)
    return [_expected(family, family_scan) for family in considered(scan, settings)]


def scheme_of(family: Family, family_scan: FamilyScan) -> PartitioningScheme | None:
    """Return the scheme of a family; None where its key is no time, or its partitions show no scheme."""
    rule = family_scan.rule(family)
    clock = clocks.of(family, rule)
    if clock is None:
        return None
    existing = members(family, clock)
    period_bounds = bounds.learn([bounds.span(partition, clock) for partition in existing], clock.now(family_scan.now))
    if period_bounds is None:
        return None
    style = naming.NameTemplate(rule.naming) if rule.naming else _learnt(family, existing, clock, period_bounds)
    return PartitioningScheme(clock, period_bounds, style, _place(family, family_scan.parents, clock))


def members(family: Family, clock: Clock) -> list[Partition]:
    """Return the partitions that have bounds, in the order of time."""
    return sorted(
        (partition for partition in family.partitions if not partition.is_default),
        key=lambda partition: bounds.span(partition, clock),
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


def _expected(family: Family, family_scan: FamilyScan) -> dict[str, object]:
    scheme = scheme_of(family, family_scan)
    if scheme is None:
        observed, remedy = _reason(family, family_scan.rule(family))
        return {"oid": family.oid, "reason": observed, "remedy": remedy}
    clock, place = scheme.clock, scheme.limits
    if place.lower >= place.upper:
        return {"oid": family.oid}
    until = min(
        scheme.period_bounds.periods(clock.now(family_scan.now), family_scan.ahead(family))[-1].upper, place.upper
    )
    return {
        "oid": family.oid,
        "since": None if place.lower == BEGIN else clock.instant(place.lower).isoformat(),
        "until": clock.instant(until).isoformat(),
        "microseconds": clocks.EPOCHS[clock.epoch] if clock.epoch else None,
        "pattern": naming.pattern(scheme.style.template),
    }


def _reason(family: Family, rule: PartitionFamily) -> tuple[str, str]:
    """Return why a family gets no coming partitions, and what would help."""
    excluding = "exclude the family, where somebody else makes them: [partitions] exclude in the profile"
    clock = clocks.of(family, rule)
    [key_type, *more] = family.key_types
    expression = family.key_columns[0] == "(expression)"
    if more or expression:
        return "a range over an expression" if expression else "a key of several columns", excluding
    if clock is None:
        counting = f"{_counting(family)}, or " if key_type in clocks.COUNTER_TYPES else ""
        wrong = f"leave out epoch = {rule.epoch!r}, or " if rule.epoch else ""
        return f"a range over {key_type}", f"{counting}{wrong}{excluding}"
    if not members(family, clock):
        return "no partition to learn the period from", f"make a first partition, or {excluding}"
    odd = "make partitions of one period each, or set the time zone of their bounds: timezone in the profile"
    return "bounds that are no day, week, month, quarter or year", f"{odd}, or {excluding}"


def _counting(family: Family) -> str:
    """Return the setting to write where the numbers of a family look like time; it is only proposed."""
    table = f"[partitions.families.'{family.ident}']"
    for epoch in clocks.EPOCHS:
        if counting_calendar_time(family, epoch):
            return f'its bounds are those of a calendar: set epoch = "{epoch}" under {table} in the profile'
    return f"if it counts time since 1970, set its unit (epoch) under {table} in the profile"


def counting_calendar_time(family: Family, epoch: Epoch) -> PeriodBounds | None:
    """Return the periods of a family whose numbers all lie on a calendar of our time, if they count so."""
    clock = clocks.Clock(family.key_types[0], epoch)
    spans = [bounds.span(partition, clock) for partition in members(family, clock)]
    finite = [span for span in spans if span.lower != BEGIN and span.upper != END]
    period_bounds = bounds.learn(finite, _LATEST)
    if period_bounds is None or finite[0].lower < _EARLIEST or finite[-1].upper > _LATEST:
        return None
    return period_bounds if all(period_bounds.period(span.lower) == span for span in finite) else None


def _learnt(family: Family, existing: Sequence[Partition], clock: Clock, period_bounds: PeriodBounds) -> NameTemplate:
    spans = [(partition.name, bounds.span(partition, clock)) for partition in existing]
    finite = [(name, span) for name, span in spans if span.lower != BEGIN and span.upper != END]
    regular = [(name, span) for name, span in finite if span == period_bounds.period(span.lower)]
    learnt = naming.style(regular, period_bounds)
    return learnt or naming.NameTemplate(naming.conventional(family.name, period_bounds.granularity), learnt=False)
