from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from steward.record.journal import OUTCOMES
from steward.run import exit_status

WHOLE = {"missing": [], "unplanned": [], "repeated": []}


def item(outcome: str, name: str = "vacuum", kind: str = "action", subject: str = "public.x") -> dict:
    return {"name": name, "kind": kind, "subject": subject, "outcome": outcome, "reason": f"why {outcome}"}


def run(*items: dict, **reconciliation: list) -> dict:
    totals = {outcome: sum(item["outcome"] == outcome for item in items) for outcome in OUTCOMES}
    return {"phases": [], "items": list(items), "totals": totals, "reconciliation": {**WHOLE, **reconciliation}}


def code(*items: dict, interrupted: bool = False, **reconciliation: list) -> int:
    return exit_status.exit_code(run(*items, **reconciliation), interrupted=interrupted)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("passed", 0),
        ("warned", 0),
        ("exempt", 0),
        ("planned", 0),
        ("not needed", 0),
        ("deferred", 0),
        ("busy", 0),
        ("failed", 1),
        ("inconclusive", 1),
        ("error", 1),
    ],
)
@pytest.mark.parametrize("kind", ["action", "check"])
def test_single_item_among_good_ones_decides(outcome, expected, kind):
    assert code(item("passed"), item(outcome, kind=kind)) == expected


@pytest.mark.parametrize("outcome", ["busy", "deferred"])
@pytest.mark.parametrize("name", ["purge", "partitions"])
def test_purge_or_partition_that_did_not_come_to_it_fails_the_run(outcome, name):
    assert code(item("passed"), item(outcome, name)) == 1


def test_run_in_which_every_action_was_deferred_ends_with_three():
    assert code(item("deferred"), item("deferred", "purge"), item("passed", kind="check")) == 3


def test_run_in_which_everything_was_deferred_and_a_check_failed_ends_with_one():
    assert code(item("deferred"), item("failed", kind="check")) == 1


def test_checks_alone_are_never_deferred_as_a_whole():
    assert code(item("passed", kind="check")) == 0


def test_run_without_items_is_a_good_one():
    assert code() == 0


@pytest.mark.parametrize("fault", ["missing", "unplanned", "repeated"])
def test_plan_and_outcomes_that_do_not_match_end_with_four(fault):
    assert code(item("failed"), **{fault: ["x"]}) == 4


def test_interruption_counts_more_than_what_does_not_reconcile():
    assert code(item("failed"), interrupted=True, missing=["x"]) == 5


ITEMS = st.lists(
    st.builds(
        item,
        st.sampled_from(OUTCOMES),
        st.sampled_from(["vacuum", "purge", "partitions"]),
        st.sampled_from(["action", "check"]),
    ),
    max_size=8,
)


@given(ITEMS, st.booleans(), st.booleans())
@hypothesis_settings(deadline=None)
def test_precedence_holds_for_any_mix(items, interrupted, torn):
    record = run(*items, missing=["x"] if torn else [])
    result = exit_status.exit_code(record, interrupted=interrupted)
    bad = any(item["outcome"] in {"failed", "error", "inconclusive"} for item in items)
    actions = [item["outcome"] for item in items if item["kind"] == "action"]

    if interrupted:
        assert result == 5
    elif torn:
        assert result == 4
    elif bad:
        assert result == 1
    elif actions and set(actions) == {"deferred"}:
        assert result == 3
    else:
        late = any(item["name"] != "vacuum" and item["outcome"] in {"busy", "deferred"} for item in items)
        assert result == int(late)


@given(ITEMS, st.data())
@hypothesis_settings(deadline=None)
def test_order_of_the_items_does_not_matter(items, data):
    shuffled = data.draw(st.permutations(items))

    assert code(*items) == code(*shuffled)


@pytest.mark.parametrize(
    ("items", "exit_code", "expected"),
    [
        ([item("passed")], 0, "passed"),
        ([item("passed"), item("warned")], 0, "warned"),
        ([item("failed"), item("error")], 1, "failed"),
        ([item("passed"), item("error")], 1, "error"),
        ([item("inconclusive")], 1, "failed"),
        ([item("busy", "purge")], 1, "failed"),
        ([item("passed")], 2, "error"),
        ([item("deferred")], 3, "deferred"),
        ([item("error")], 4, "unreconciled"),
        ([item("passed")], 5, "interrupted"),
    ],
)
def test_status_says_the_same_in_a_word(items, exit_code, expected):
    assert exit_status.status(run(*items), exit_code) == expected


def test_every_exit_code_has_a_status_for_every_outcome():
    statuses = {
        exit_status.status(run(item(outcome)), number) for outcome, number in itertools.product(OUTCOMES, range(6))
    }

    assert statuses == {"passed", "warned", "failed", "error", "deferred", "unreconciled", "interrupted"}


def test_findings_of_checks_do_not_keep_the_row_open():
    assert exit_status.error_line(run(item("passed"), item("failed", kind="check"), item("deferred"))) is None


@pytest.mark.parametrize("outcome", ["failed", "error", "inconclusive"])
def test_action_that_went_wrong_is_named_with_its_reason(outcome):
    record = run(item("passed"), item(outcome), item("failed", kind="check"))

    assert exit_status.error_line(record) == f"vacuum public.x: {outcome}: why {outcome}"


def test_first_of_several_is_named_and_the_others_counted():
    record = run(item("busy", "purge"), item("error"), item("failed"))

    assert exit_status.error_line(record) == "purge public.x: busy: why busy (and 2 more)"


def unsurveyed(*items: dict) -> dict:
    return {**run(*items), "phases": [{"name": "prepare"}, {"name": "tables", "deferred": "the window ended"}]}


@pytest.mark.parametrize(("outcome", "expected"), [("passed", 1), ("deferred", 3), ("failed", 1)])
def test_a_phase_that_could_not_be_planned_is_never_a_success(outcome, expected):
    assert exit_status.exit_code(unsurveyed(item(outcome)), interrupted=False) == expected


def test_a_run_that_could_plan_nothing_is_deferred_and_says_why():
    assert exit_status.exit_code(unsurveyed(), interrupted=False) == 3
    assert exit_status.error_line(unsurveyed()) == "phase tables: deferred: the window ended"
