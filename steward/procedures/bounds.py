"""Time ranges of partitions: what they cover, the grid that a family keeps to, and what is missing from it.

Everything is in UTC. A family whose bounds were written by a client in another time zone keeps its shift: the grid is
learnt from the bounds, never from names.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from steward.inventory import Partition

__all__ = ["BEGIN", "END", "TIME_TYPES", "Granularity", "Grid", "Span", "learn", "literal", "missing", "moment", "span"]

Granularity = Literal["day", "week", "month", "quarter", "year"]

TIME_TYPES = ("date", "timestamp without time zone", "timestamp with time zone")
BEGIN = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)

_DAY = timedelta(days=1)
_CALENDAR: tuple[Granularity, ...] = ("month", "quarter", "year")
# What a family does now is told by its latest partitions: enough to outvote a stray one, few enough to forget the past.
_WITNESSES = 6


@dataclass(frozen=True, order=True)
class Span:
    """From ``lower`` (in) to ``upper`` (out)."""

    lower: datetime
    upper: datetime


@dataclass(frozen=True)
class Grid:
    """Periods of one length that follow each other, beginning ``shift`` after the calendar's midnight in UTC."""

    granularity: Granularity
    shift: timedelta = timedelta()

    def period(self, at: datetime) -> Span:
        """Return the period that holds a moment."""
        begin = _floor(self.granularity, at - self.shift)
        return Span(begin + self.shift, _next(self.granularity, begin) + self.shift)

    def periods(self, at: datetime, ahead: int) -> tuple[Span, ...]:
        """Return the moment's period and ``ahead`` more."""
        found = [self.period(at)]
        for _ in range(ahead):
            found.append(self.period(found[-1].upper))
        return tuple(found)

    def nominal(self, at: datetime) -> datetime:
        """Return the calendar's begin of the moment's period, which names are made of."""
        return self.period(at).lower - self.shift


def moment(text: str | None, otherwise: datetime) -> datetime:
    """Return a bound as the inventory has it (ISO 8601, UTC); ``otherwise`` stands for MINVALUE or MAXVALUE.

    Python knows no year beyond 9999 and none before 1: both count as the end of time on their side.
    """
    if text is None:
        return otherwise
    if text == "-infinity" or text.endswith(" BC"):
        return BEGIN
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return END
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def span(partition: Partition) -> Span:
    """Return what a partition of a family over time covers."""
    return Span(moment(partition.lower, BEGIN), moment(partition.upper, END))


def literal(at: datetime, key_type: str) -> str:
    """Return a bound as the key's type takes it, the same whatever the session's time zone is."""
    if key_type == "date":
        return f"{at:%Y-%m-%d}"
    return (
        at.isoformat(sep=" ") if key_type == "timestamp with time zone" else at.replace(tzinfo=None).isoformat(sep=" ")
    )


def learn(spans: Iterable[Span], now: datetime) -> Grid | None:
    """Return the grid that a family keeps to now, None where its bounds are on none."""
    finite = sorted(each for each in spans if each.lower != BEGIN and each.upper != END)
    begun = [each for each in finite if each.lower <= now]
    witnesses = begun[-_WITNESSES:] or finite[:_WITNESSES]
    grids = [grid for grid in map(_grid, reversed(witnesses)) if grid is not None]
    # Counter keeps the order of first sight, so that of equals the newest wins.
    return Counter(grids).most_common(1)[0][0] if grids else None


def missing(grid: Grid, covered: Sequence[Span], now: datetime, ahead: int) -> tuple[Span, ...]:
    """Return what no partition covers from the present period to ``ahead`` more, period by period.

    What is left over of a period and shorter than a day is joined to the next one: bounds that follow a client's summer
    time leave an hour between two months, and an hour without a partition is an hour of refused rows.
    """
    gaps = [gap for period in grid.periods(now, ahead) for gap in _uncovered(period, covered)]
    joined: list[Span] = []
    for gap in gaps:
        last = joined[-1] if joined else None
        if last and grid.granularity != "day" and last.upper == gap.lower and last.upper - last.lower < _DAY:
            joined[-1] = Span(last.lower, gap.upper)
        else:
            joined.append(gap)
    return tuple(joined)


def _uncovered(period: Span, covered: Sequence[Span]) -> Iterable[Span]:
    begin = period.lower
    for each in sorted(covered):
        if each.upper <= begin or each.lower >= period.upper:
            continue
        if each.lower > begin:
            yield Span(begin, each.lower)
        begin = each.upper
    if begin < period.upper:
        yield Span(begin, period.upper)


def _grid(each: Span) -> Grid | None:
    """Return the grid on which a span is exactly one period."""
    since_midnight = each.lower - _floor("day", each.lower)
    since_monday = each.lower - _floor("week", each.lower)
    candidates: list[Grid] = [Grid("day", since_midnight), Grid("week", since_monday)]
    for granularity in _CALENDAR:
        # East of Greenwich a month begins on the evening before, by UTC.
        candidates += [Grid(granularity, since_midnight), Grid(granularity, since_midnight - _DAY)]
    return next((grid for grid in candidates if grid.period(each.lower) == each), None)


def _floor(granularity: Granularity, at: datetime) -> datetime:
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    match granularity:
        case "day":
            return midnight
        case "week":
            return midnight - timedelta(days=midnight.weekday())
        case "month":
            return midnight.replace(day=1)
        case "quarter":
            return midnight.replace(month=midnight.month - (midnight.month - 1) % 3, day=1)
        case "year":
            return midnight.replace(month=1, day=1)


def _next(granularity: Granularity, begin: datetime) -> datetime:
    match granularity:
        case "day":
            return begin + _DAY
        case "week":
            return begin + timedelta(days=7)
        case "month":
            return _floor("month", begin + timedelta(days=31))
        case "quarter":
            return _floor("quarter", begin + timedelta(days=93))
        case "year":
            return _floor("year", begin + timedelta(days=366))
