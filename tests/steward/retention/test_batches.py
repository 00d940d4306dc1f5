from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from steward import profile
from steward.retention.batches import BatchSize

LIMITS = profile.load("base").retention
LOW, HIGH = LIMITS.batch_target_low.total_seconds(), LIMITS.batch_target_high.total_seconds()
seconds = st.floats(min_value=0, max_value=1000, allow_nan=False)


@given(batches=st.lists(st.tuples(seconds, st.floats(min_value=0, max_value=1)), max_size=60))
def test_batches_stay_within_the_profiles_limits(batches):
    pace = BatchSize(LIMITS, LIMITS.batch_rows_start)
    for took, share in batches:
        pace.adapt(took, int(share * pace.rows))

        assert LIMITS.batch_rows_minimum <= pace.rows <= LIMITS.batch_rows_maximum
        assert pace.pages >= 1


@given(a_row=st.floats(min_value=HIGH / LIMITS.batch_rows_maximum, max_value=LOW / LIMITS.batch_rows_minimum))
def test_full_batches_come_to_take_what_the_profile_wants(a_row):
    pace = BatchSize(LIMITS, LIMITS.batch_rows_start)
    for _ in range(30):
        pace.adapt(pace.rows * a_row, pace.rows)

    assert LOW * 0.99 <= pace.rows * a_row <= HIGH


@given(a_page=st.floats(min_value=1e-6, max_value=1e-2))
def test_ranges_without_due_rows_come_to_take_what_the_profile_wants(a_page):
    pace = BatchSize(LIMITS, LIMITS.batch_rows_start)
    for _ in range(40):
        pace.adapt(pace.pages * a_page, 0)

    assert LOW * 0.9 <= pace.pages * a_page <= HIGH


def test_one_slow_batch_does_not_make_the_next_ones_tiny():
    pace = BatchSize(LIMITS, 1000)

    pace.adapt(timedelta(minutes=5).total_seconds(), 1000)

    assert pace.rows == 250


def test_empty_stretches_do_not_make_a_batch_of_rows_larger():
    pace = BatchSize(LIMITS, 1000)
    for _ in range(20):
        pace.adapt(0.001, 0)

    assert pace.rows == 1000
    assert pace.pages > 1_000_000
