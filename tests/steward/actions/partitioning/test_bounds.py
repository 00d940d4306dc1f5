from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as drawn
from hypothesis import strategies as st

from steward.actions.partitioning import bounds
from steward.actions.partitioning.bounds import BEGIN, END, PeriodBounds, Span

QUICK = drawn(deadline=None)
GRANULARITIES = ("day", "week", "month", "quarter", "year")
moments = st.integers(631152000, 4102444800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
shifts = st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(
    lambda shift: timedelta(minutes=15 * (shift // timedelta(minutes=15)))
)


@st.composite
def grids(draw):
    granularity = draw(st.sampled_from(GRANULARITIES))
    # A day's grid has no other begin than a time of the day, a week's none but a time of the week.
    shift = draw(shifts)
    length = {"day": timedelta(days=1), "week": timedelta(days=7)}.get(granularity)
    return PeriodBounds(granularity, shift % length if length else shift)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@QUICK
@given(grids(), moments)
def test_a_period_holds_its_moment_and_the_next_one_follows_without_a_gap(period_bounds, instant):
    period = period_bounds.period(instant)

    assert period.lower <= instant < period.upper
    assert period.upper == period_bounds.period(period.upper).lower
    assert period == period_bounds.period(period.upper - datetime.resolution)


@QUICK
@given(grids(), moments, st.integers(0, 20))
def test_periods_follow_each_other_and_are_as_many_as_wanted(period_bounds, instant, ahead):
    found = period_bounds.periods(instant, ahead)

    assert ahead + 1 == len(found)
    assert [span.upper for span in found[:-1]] == [span.lower for span in found[1:]]


@QUICK
@given(grids(), moments, st.integers(1, 10))
def test_a_grid_is_learnt_from_its_own_periods(period_bounds, instant, count):
    # A year from midnight is also four quarters, but a single span can only be one thing.
    spans = period_bounds.periods(instant, count)
    learnt = bounds.learn(spans, spans[-1].lower)

    assert learnt
    assert spans == tuple(learnt.period(span.lower) for span in spans)
    assert spans[-1].upper == learnt.period(spans[-1].upper).lower


@QUICK
@given(grids(), moments, st.integers(0, 10), st.sets(st.integers(0, 10)))
def test_what_is_missing_is_what_is_not_there(period_bounds, instant, ahead, there):
    periods = period_bounds.periods(instant, ahead)
    covered = [period for place, period in enumerate(periods) if place in there]
    missing = bounds.missing(period_bounds, covered, instant, ahead)

    assert [period for period in periods if period not in covered] == list(missing)


@QUICK
@given(grids(), moments, st.integers(0, 6), st.lists(st.tuples(moments, moments).map(sorted), max_size=6))
def test_missing_and_covered_never_overlap_and_leave_nothing_out(period_bounds, instant, ahead, drawn):
    covered = _disjoint(Span(low, high) for low, high in drawn if low < high)
    periods = period_bounds.periods(instant, ahead)
    missing = bounds.missing(period_bounds, covered, instant, ahead)

    assert not [(one, other) for one in missing for other in covered if _overlap(one, other)]
    inside = [Span(max(span.lower, periods[0].lower), min(span.upper, periods[-1].upper)) for span in covered]
    filled = sorted([*missing, *(span for span in inside if span.lower < span.upper)])
    assert [span.upper for span in filled[:-1]] == [span.lower for span in filled[1:]]
    assert (periods[0].lower, periods[-1].upper) == (filled[0].lower, filled[-1].upper)


def _disjoint(spans):
    kept: list[Span] = []
    for span in sorted(spans):
        if not kept or kept[-1].upper <= span.lower:
            kept.append(span)
    return kept


def _overlap(one, other):
    return one.lower < other.upper and other.lower < one.upper


def test_an_open_end_leaves_nothing_missing():
    covered = [Span(BEGIN, at("2026-11-15")), Span(at("2026-11-15"), END)]

    assert () == bounds.missing(PeriodBounds("month"), covered, at("2026-11-22"), 12)


def test_the_hour_that_summer_time_leaves_is_joined_to_the_next_month():
    winter, summer = timedelta(hours=-1), timedelta(hours=-2)
    spans = [
        Span(at("2026-01-01") + winter, at("2026-02-01") + winter),
        Span(at("2026-02-01") + winter, at("2026-03-01") + winter),
        Span(at("2026-03-01") + winter, at("2026-04-01") + summer),
    ]
    period_bounds = bounds.learn(spans, at("2026-03-20"))
    assert period_bounds

    missing = bounds.missing(period_bounds, spans, at("2026-03-20"), 1)

    assert PeriodBounds("month", winter) == period_bounds
    assert (Span(at("2026-04-01") + summer, at("2026-05-01") + winter),) == missing


def test_the_present_habit_outvotes_the_past_and_a_stray_one():
    daily = PeriodBounds("day").periods(at("2025-01-01"), 300)
    monthly = PeriodBounds("month").periods(at("2026-05-01"), 5)
    stray = Span(at("2026-11-01"), at("2026-11-08"))

    assert PeriodBounds("month") == bounds.learn([*daily, *monthly, stray], at("2026-11-22"))


@pytest.mark.parametrize("spans", [(), (Span(BEGIN, END),), (Span(at("2026-01-03"), at("2026-05-01")),)])
def test_nothing_is_learnt_from_what_is_on_no_grid(spans):
    assert bounds.learn(spans, at("2026-11-22")) is None


def test_a_family_that_begins_in_the_future_is_learnt_from_there():
    assert PeriodBounds("week") == bounds.learn(PeriodBounds("week").periods(at("2027-01-04"), 3), at("2026-11-22"))
