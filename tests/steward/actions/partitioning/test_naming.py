from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import settings as drawn
from hypothesis import strategies as st

from steward.actions.partitioning import naming
from steward.actions.partitioning.bounds import PeriodBounds, Span

QUICK = drawn(deadline=None)
HABITS = {
    "day": ("%Y_%m_%d", "%Y%m%d", "%Y-%m-%d", "y%Ym%md%d", "%d%m%Y", "%Y_%j", "%y%m%d"),
    "week": ("%G_w%V", "%Gw%V", "%Y_%m_%d", "%G%V"),
    "month": ("%Y_%m", "%Y%m", "%Y-%m", "y%Ym%m", "%m_%Y", "%Y_%-m", "%Y%m01", "%y%m"),
    "quarter": ("%Y_q%q", "%Yq%q", "%Y_%m", "%q_%Y"),
    "year": ("%Y", "y%Y", "%y"),
}
habits = st.sampled_from([(granularity, habit) for granularity, all_of in HABITS.items() for habit in all_of])
begins = st.integers(978307200, 3786912000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
affixes = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Nd"]), max_size=20)


@QUICK
@given(habits, affixes, affixes, begins)
def test_the_next_names_follow_those_of_a_dozen_siblings(name_template, prefix, suffix, begin):
    granularity, signs = name_template
    template = prefix.replace("%", "%%") + signs + suffix.replace("%", "%%")
    periods = [span.lower for span in PeriodBounds(granularity).periods(begin, 30)]
    # Two-digit years repeat themselves, and that is the family's own trouble.
    assume(len({naming.render(template, span) for span in periods}) == len(periods))

    learnt = naming.learn([(naming.render(template, span), span) for span in periods[:12]], granularity)

    assert learnt
    assert [naming.render(template, span) for span in periods] == [naming.render(learnt, span) for span in periods]


@QUICK
@given(st.integers(1, 4), st.sampled_from(["t1_%Y_%m", "log2026_%Y%m", "v2%Y%m", "%Y_%m_v11", "a.%Y.%m"]))
def test_a_few_siblings_with_numbers_of_their_own_suffice(count, template):
    periods = [span.lower for span in PeriodBounds("month").periods(datetime(2026, 8, 5, tzinfo=UTC), 12)]

    learnt = naming.learn([(naming.render(template, span), span) for span in periods[:count]], "month")

    assert learnt
    assert naming.render(template, periods[count]) == naming.render(learnt, periods[count])


@QUICK
@given(st.sampled_from(sorted(HABITS)), st.lists(st.tuples(st.text(max_size=63), begins), max_size=14))
def test_whatever_is_learnt_gives_its_own_witnesses_their_names(granularity, samples):
    learnt = naming.learn(samples, granularity)

    if learnt is not None:
        fitting = [name for name, begin in samples[-12:] if naming.render(learnt, begin) == name]
        assert 2 * len(fitting) >= len(samples[-12:])


@pytest.mark.parametrize("names", [(), ("a", "b"), ("p1", "p2", "p3"), ("x_2026", "y_2026")])
def test_names_that_tell_no_months_apart_teach_nothing(names):
    begin = datetime(2026, 4, 1, tzinfo=UTC)

    assert naming.learn([(name, begin + timedelta(days=31 * n)) for n, name in enumerate(names)], "month") is None


@pytest.mark.parametrize("granularity", sorted(HABITS))
def test_the_convention_gives_every_period_a_name_of_its_own(granularity):
    template = naming.conventional("a%b", granularity)
    periods = [span.lower for span in PeriodBounds(granularity).periods(datetime(2026, 1, 1, tzinfo=UTC), 400)]
    names = {naming.render(template, span) for span in periods}

    assert 401 == len(names)
    assert all(name.startswith("a%b_2") for name in names)


def test_profiles_may_use_what_strftime_knows():
    assert "log_Feb_2026 %" == naming.render("log_%b_%Y %%", datetime(2026, 2, 1, tzinfo=UTC))


@QUICK
@given(habits, affixes, begins)
def test_the_pattern_matches_the_names_of_its_template(name_template, prefix, begin):
    template = prefix.replace("%", "%%") + name_template[1]
    assume("\n" not in prefix)

    assert re.search(naming.pattern(template), naming.render(template, begin))
    assert not re.search(naming.pattern(template), naming.render(template, begin) + "x")


@QUICK
@given(st.integers(0, 6), begins, st.sampled_from(["w%Y_%m_%d", "%Y%m%d", "of %Y-%m-%d"]), st.booleans())
def test_weeks_may_be_called_by_the_day_that_they_begin_or_end_on(weekday, begin, template, by_end):
    period_bounds = PeriodBounds("week", timedelta(days=weekday))
    periods = period_bounds.periods(begin, 12)
    named = [(naming.render(template, span.upper if by_end else span.lower), span) for span in periods]

    style = naming.style(named[:8], period_bounds)

    if by_end and weekday:
        # The end is told by the calendar's own weeks, which begin on another day.
        assert style is None or all(style.name(period_bounds, span) == name for name, span in named[:8])
    else:
        assert style
        assert [name for name, _ in named] == [style.name(period_bounds, span) for _, span in named]


@pytest.mark.parametrize(
    ("granularity", "template", "at", "expected"),
    [
        ("day", "%Y_%m_%d", "2028-02-28", ["2028_02_28", "2028_02_29", "2028_03_01"]),
        ("day", "%Y_%j", "2027-12-30", ["2027_364", "2027_365", "2028_001"]),
        ("week", "%G_w%V", "2026-12-21", ["2026_w52", "2026_w53", "2027_w01"]),
        ("week", "%G_w%V", "2024-12-23", ["2024_w52", "2025_w01", "2025_w02"]),
        ("month", "%Y_%m", "2099-12-31", ["2099_12", "2100_01", "2100_02"]),
        ("quarter", "%Y_q%q", "2027-12-31", ["2027_q4", "2028_q1", "2028_q2"]),
        ("year", "%Y", "2028-02-29", ["2028", "2029", "2030"]),
    ],
)
def test_leap_days_and_the_ends_of_years_are_named_as_calendars_have_them(granularity, template, at, expected):
    period_bounds = PeriodBounds(granularity)
    periods = period_bounds.periods(datetime.fromisoformat(at).replace(tzinfo=UTC), 2)

    assert expected == [naming.NameTemplate(template).name(period_bounds, span) for span in periods]


def test_a_part_of_a_period_has_the_periods_name():
    period_bounds = PeriodBounds("month")
    part = Span(datetime(2026, 12, 10, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC))

    assert "e_2026_12" == naming.NameTemplate("e_%Y_%m").name(period_bounds, part)
