from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as drawn
from hypothesis import strategies as st

from steward.actions.partitioning import bounds, clocks
from steward.actions.partitioning.bounds import PeriodBounds, Span
from steward.actions.partitioning.clocks import BEGIN, END, EPOCHS, Clock
from steward.database.inventory import Family, Partition
from steward.profile import PartitionFamily

QUICK = drawn(deadline=None)
# Zones with summer time, half hours, a skipped day (Apia, 2011) and midnights that do not exist (Sao Paulo, Beirut).
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "Asia/Beirut",
)
GRANULARITIES = ("day", "week", "month", "quarter", "year")
moments = st.integers(631152000, 4102444800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
grids = st.sampled_from(GRANULARITIES).map(PeriodBounds)
epochs = st.sampled_from(sorted(EPOCHS))


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def partition(lower, upper):
    return Partition(1, "s", "n", "s.n", lower, upper, False, False, False)


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [
        ("2026-11-01", "2026-12-01", (at("2026-11-01"), at("2026-12-01"))),
        ("2026-11-01T03:00:00", "2026-12-01T03:00:00.5", (at("2026-11-01T03:00"), at("2026-12-01T03:00:00.500"))),
        (None, None, (BEGIN, END)),
        ("-infinity", "infinity", (BEGIN, END)),
        ("0001-01-01", "9999-12-31", (BEGIN, END)),
        ("0044-03-15T00:00:00 BC", "20000-01-01T00:00:00", (BEGIN, END)),
    ],
)
def test_bounds_are_read_as_the_inventory_writes_them(lower, upper, expected):
    assert Span(*expected) == bounds.span(partition(lower, upper), Clock("timestamp with time zone"))


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        (Clock("date"), "2026-12-01"),
        (Clock("timestamp without time zone"), "2026-12-01 00:00:00"),
        (Clock("timestamp with time zone"), "2026-12-01 00:00:00+00:00"),
        (Clock("timestamp with time zone", None, ZoneInfo("America/Sao_Paulo")), "2026-12-01 03:00:00+00:00"),
        (Clock("timestamp without time zone", None, ZoneInfo("America/Sao_Paulo")), "2026-12-01 00:00:00"),
        (Clock("integer", "seconds"), "1796083200"),
        (Clock("bigint", "milliseconds"), "1796083200000"),
        (Clock("bigint", "microseconds"), "1796083200000000"),
        (Clock("smallint", "days"), "20788"),
    ],
)
def test_a_bound_is_written_as_its_type_takes_it(clock, expected):
    assert expected == clock.literal(at("2026-12-01"))


@QUICK
@given(grids, moments, epochs, st.sampled_from(ZONES[:1]))
def test_periods_that_are_counted_are_read_as_they_were_written(period_bounds, instant, epoch, zone):
    clock = Clock("bigint", epoch)
    periods = period_bounds.periods(instant, 15)
    written = [partition(clock.literal(span.lower), clock.literal(span.upper)) for span in periods]

    assert list(periods) == [bounds.span(span, clock) for span in written]
    assert period_bounds == bounds.learn([bounds.span(span, clock) for span in written], periods[-1].lower)


@QUICK
@given(grids, moments, st.sampled_from(ZONES), st.sampled_from([None, "seconds", "milliseconds", "microseconds"]))
def test_periods_of_a_zone_follow_each_other_whatever_summer_time_does(period_bounds, instant, zone, epoch):
    clock = Clock("bigint" if epoch else "timestamp with time zone", epoch, ZoneInfo(zone))
    periods = period_bounds.periods(clock.now(instant), 15)
    written = [(clock.literal(span.lower), clock.literal(span.upper)) for span in periods]

    assert [upper for _, upper in written[:-1]] == [lower for lower, _ in written[1:]]
    assert periods[0].lower <= clock.now(instant) < periods[0].upper
    spans = [clock.instant(span.upper) - clock.instant(span.lower) for span in periods]
    # A day of a zone that crosses the date line has no time at all; nothing is ever longer than it should be by a day.
    assert all(timedelta() <= span for span in spans)


@QUICK
@given(grids, moments, st.sampled_from(ZONES), st.integers(0, 4))
def test_a_family_of_another_zone_goes_on_by_its_own_calendar(period_bounds, instant, zone, ahead):
    clock = Clock("timestamp with time zone", None, ZoneInfo(zone))
    past = period_bounds.periods(clock.now(instant), 12)
    written = [partition(clock.literal(span.lower), clock.literal(span.upper)) for span in past]
    read = [bounds.span(span, clock) for span in written]
    now = past[-1].lower

    learnt = bounds.learn(read, now)
    assert learnt == period_bounds
    missing = bounds.missing(learnt, read, now, ahead)

    expected = [
        (clock.literal(span.lower), clock.literal(span.upper)) for span in period_bounds.periods(now, ahead)[1:]
    ]
    assert expected == [(clock.literal(span.lower), clock.literal(span.upper)) for span in missing]


@pytest.mark.parametrize(("number", "expected"), [("9223372036854775807", END), ("-9223372036854775808", BEGIN)])
@pytest.mark.parametrize("epoch", ["days", "seconds", "milliseconds"])
def test_numbers_beyond_any_calendar_are_its_ends(number, expected, epoch):
    assert expected == Clock("bigint", epoch).parse(number, END)


@pytest.mark.parametrize(
    ("clock", "day", "expected"),
    [
        (Clock("integer", "seconds"), "2038-01-01", True),
        (Clock("integer", "seconds"), "2038-02-01", False),
        (Clock("bigint", "seconds"), "2038-02-01", True),
        (Clock("smallint", "days"), "2059-09-01", True),
        (Clock("smallint", "days"), "2059-10-01", False),
        (Clock("date"), "9999-01-01", True),
    ],
)
def test_a_type_holds_no_more_than_it_can(clock, day, expected):
    assert expected == clock.fits(at(day))


def family(key_type, *more):
    return Family(1, "s", "n", "s.n", "s.n", 0, "r", ("at", *("x" for _ in more)), (key_type, *more), ())


@pytest.mark.parametrize(
    ("of", "configured", "expected"),
    [
        (family("date"), PartitionFamily(), Clock("date")),
        (family("bigint"), PartitionFamily(), None),
        (family("bigint"), PartitionFamily(ahead=3), None),
        (family("bigint"), PartitionFamily(epoch="days"), Clock("bigint", "days")),
        (family("date"), PartitionFamily(epoch="days"), None),
        (family("text"), PartitionFamily(epoch="days"), None),
        (family("date", "integer"), PartitionFamily(), None),
    ],
)
def test_a_number_is_time_only_where_the_profile_says_so(of, configured, expected):
    assert expected == clocks.of(of, configured)
