"""Time ranges of partitions: what they cover, the regular periods of a family, and the periods that are missing.

Everything is in the family's calendar, which is UTC's unless the profile says otherwise (see `clocks`). A family whose
bounds were written by a client in another time zone keeps its shift: periods are learnt from the bounds, never from
names.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from steward.actions.partitioning.clocks import BEGIN, END, Clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from steward.database.inventory import Partition

__all__ = ["BEGIN", "END", "EVER", "Granularity", "PeriodBounds", "Span", "learn", "missing", "span"]

Granularity = Literal["day", "week", "month", "quarter", "year"]

_PLAIN = Clock("timestamp with time zone")
_DAY = timedelta(days=1)
_CALENDAR: tuple[Granularity, ...] = ("month", "quarter", "year")
# The latest partitions show the present periods: enough to outvote a stray one, few enough to forget earlier ones.
_WITNESSES = 6


@dataclass(frozen=True, order=True)
class Span:
    """From ``lower`` (in) to ``upper`` (out)."""

    lower: datetime
    upper: datetime

    def within(self, other: Span) -> Span:
        """Return the part that lies in another span; empty (its end not after its begin) where none does."""
        return Span(max(self.lower, other.lower), min(self.upper, other.upper))


EVER = Span(BEGIN, END)


@dataclass(frozen=True)
class PeriodBounds:
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

    def covering(self, span: Span) -> tuple[Span, ...]:
        """Return the periods that a span consists of; the first and the last are cut where it begins and ends."""
        found = []
        begin = span.lower
        while begin < span.upper:
            found.append(Span(begin, min(self.period(begin).upper, span.upper)))
            begin = found[-1].upper
        return tuple(found)

    def nominal(self, at: datetime) -> datetime:
        """Return the calendar's begin of the moment's period, which names are made of."""
        return self.period(at).lower - self.shift


def span(partition: Partition, clock: Clock = _PLAIN) -> Span:
    """Return what a partition of a family over time covers, in the family's calendar."""
    return Span(clock.parse(partition.lower, BEGIN), clock.parse(partition.upper, END))


def learn(spans: Iterable[Span], now: datetime) -> PeriodBounds | None:
    """Return the periods of a family's latest partitions; None where their bounds are not regular."""
    finite = sorted(span for span in spans if span.lower != BEGIN and span.upper != END)
    begun = [span for span in finite if span.lower <= now]
    witnesses = begun[-_WITNESSES:] or finite[:_WITNESSES]
    grids = [period_bounds for period_bounds in map(_bounds_of, reversed(witnesses)) if period_bounds is not None]
    # Counter keeps the order of first sight, so that of equals the newest wins.
    return Counter(grids).most_common(1)[0][0] if grids else None


def missing(
    period_bounds: PeriodBounds, covered: Sequence[Span], now: datetime, ahead: int, limits: Span = EVER
) -> tuple[Span, ...]:
    """Return what no partition covers from the present period to ``ahead`` more, period by period.

    ``limits`` are the bounds of the family itself, where it is a partition: nothing beyond them is missing.

    What is left over of a period and shorter than a day is joined to the next one: bounds that follow a client's summer
    time leave an hour between two months, and an hour without a partition is an hour of refused rows.
    """
    gaps = [gap for period in period_bounds.periods(now, ahead) for gap in _uncovered(period.within(limits), covered)]
    joined: list[Span] = []
    for gap in gaps:
        last = joined[-1] if joined else None
        if last and period_bounds.granularity != "day" and last.upper == gap.lower and last.upper - last.lower < _DAY:
            joined[-1] = Span(last.lower, gap.upper)
        else:
            joined.append(gap)
    return tuple(joined)


def _uncovered(period: Span, covered: Sequence[Span]) -> Iterable[Span]:
    begin = period.lower
    for span in sorted(covered):
        if span.upper <= begin or span.lower >= period.upper:
            continue
        if span.lower > begin:
            yield Span(begin, span.lower)
        begin = span.upper
    if begin < period.upper:
        yield Span(begin, period.upper)


def _bounds_of(span: Span) -> PeriodBounds | None:
    """Return the periods of which a span is exactly one."""
    since_midnight = span.lower - _floor("day", span.lower)
    since_monday = span.lower - _floor("week", span.lower)
    candidates: list[PeriodBounds] = [PeriodBounds("day", since_midnight), PeriodBounds("week", since_monday)]
    for granularity in _CALENDAR:
        # East of Greenwich a month begins on the evening before, by UTC.
        candidates += [PeriodBounds(granularity, since_midnight), PeriodBounds(granularity, since_midnight - _DAY)]
    return next((period_bounds for period_bounds in candidates if period_bounds.period(span.lower) == span), None)


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
