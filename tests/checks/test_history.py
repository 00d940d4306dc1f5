"""What the log shows of earlier runs: planted, and healthy."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from checks import test_history as runbook
from steward.database import session
from steward.record import ledger


@pytest.fixture
def log(database):
    """Write a row of the log: ``log("daily", "26 hours", took="10 min", status="passed")``."""

    def written(schedule: str, ago: str, took: str | None = None, **details):
        rows = database.execute(
            "insert into public.maintenance_log (maintenance_type, started_at, completed_at, details) "
            "values (%s, now() - %s::interval, now() - %s::interval + %s::interval, %s) returning id",
            [f"{schedule}_maintenance", ago, ago, took, json.dumps(details)],
        )
        return rows[0]["id"]

    return written


@pytest.fixture
def checked(database, settings, checking):
    """Run a query of the check and return its offenders."""

    def run(query: str):
        check = checking(database, settings)
        return check.run(query, schedules=ledger.expectations(settings.profile)).offenders

    return run


@pytest.fixture
def going_on(database, settings):
    """The row of the run that does the checking."""
    with session.maintenance(database.target(), settings.profile) as conn:
        facts = {"started_at": datetime.now(UTC).isoformat(), "runner": {"host": "h", "pid": 1}}
        yield ledger.open_run(conn, "current", "daily", facts)


# What each item of the runbook fails on: an earlier run's row.
PLANTED = {
    "missed": ("27 hours", "1 minute", {"status": "passed"}),
    "open": ("1 day", None, {"status": "failed", "error": "an action failed"}),
    "duration": ("1 day", "16 minutes", {"status": "passed"}),
}


@pytest.mark.parametrize("item", PLANTED)
def test_an_item_fails_on_its_fault_and_passes_without(database, settings, checking, log, item):
    ago, took, details = PLANTED[item]
    judged = getattr(runbook, f"test_{item}")
    judged(checking(database, settings))
    log("daily", ago, took, **details)
    with pytest.raises(AssertionError):
        judged(checking(database, settings))


QUERIES = ("history_missed", "history_open", "history_duration")


@pytest.mark.parametrize("query", QUERIES)
def test_the_first_run_of_all_has_nothing_to_answer_for(checked, going_on, query):
    assert checked(query) == []


@pytest.mark.parametrize("query", QUERIES)
def test_a_log_without_any_run_has_nothing_to_answer_for(checked, query):
    assert checked(query) == []


@pytest.mark.parametrize("query", QUERIES)
def test_regular_good_runs_pass(checked, going_on, log, query):
    for days in range(1, 20):
        log("daily", f"{days} days", "10 minutes", status="passed")
    log("weekly", "5 days", "50 minutes", status="warned")
    log("monthly", "20 days", "3 hours", status="passed")
    log("vacuum", "1 day", "5 hours", status="done")

    assert checked(query) == []


# --- missed --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "ages"),
    [("daily", ("27 hours", "25 hours")), ("weekly", ("9 days", "7 days")), ("monthly", ("33 days", "31 days"))],
)
def test_a_schedule_that_has_not_run_is_found_until_it_does(checked, going_on, log, schedule, ages):
    log(schedule, ages[0], "1 minute", status="passed")
    found = [finding.object_name for finding in checked("history_missed")]
    log(schedule, ages[1], "1 minute", status="passed")

    assert found == [f"{schedule}_maintenance"]
    assert checked("history_missed") == []


@pytest.mark.parametrize(
    "details",
    [{"status": "deferred"}, {"status": "died", "superseded_by": 99}, {"status": "failed", "superseded_by": 99}],
    ids=["deferred", "died", "failed"],
)
def test_a_run_that_did_nothing_or_died_is_none(checked, going_on, log, details):
    log("daily", "3 days", "1 minute", status="passed")
    log("daily", "1 day", "1 minute", **details)

    assert [finding.object_name for finding in checked("history_missed")] == ["daily_maintenance"]


def test_a_run_whose_checks_found_something_did_run(checked, going_on, log):
    log("daily", "3 days", "1 minute", status="passed")
    log("daily", "1 day", "1 minute", status="failed", error="a check failed")

    assert checked("history_missed") == []


def test_a_schedule_that_never_came_to_its_end_is_found(checked, going_on, log):
    log("weekly", "9 days", None, status="died", error="killed")
    [found] = checked("history_missed")

    assert (found.object_name, found.observed) == ("weekly_maintenance", "never run to its end")
    assert found.expected == "one in the last 192:00:00"


def test_a_schedule_that_the_profile_never_runs_is_not_expected(checked, going_on, log):
    log("yearly", "900 days", "1 minute", status="passed")

    assert checked("history_missed") == []


# --- open ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["died", "failed", "interrupted", "error"])
def test_an_earlier_run_that_ended_badly_is_found_with_its_error(checked, going_on, log, status):
    log("daily", "1 day", None, status=status, error="it broke", run_id="r1")
    [found] = checked("history_open")

    assert (found.object_name, found.detail) == ("daily_maintenance r1", "it broke")
    assert found.observed.startswith(f"{status}, open since ")


def test_a_run_made_good_by_a_later_one_passes(checked, going_on, log):
    log("daily", "1 day", "1 day", status="died", error="it broke", superseded_by=going_on)

    assert checked("history_open") == []


def test_a_run_that_goes_on_beside_passes_until_its_window_is_long_over(checked, log):
    log("weekly", "4 hours", None, status="running", error="no end recorded")
    going = checked("history_open")
    log("weekly", "6 hours", None, status="running", error="no end recorded", run_id="r2")

    assert going == []
    assert [finding.object_name for finding in checked("history_open")] == ["weekly_maintenance r2"]


def test_a_row_that_somebody_opened_by_hand_is_found_by_its_number(checked, log):
    number = log("daily", "1 day", None)
    [found] = checked("history_open")

    assert found.object_name == f"daily_maintenance #{number}"
    assert (found.observed.split(",")[0], found.detail) == ("no status", "the row says nothing")


def test_open_rows_of_other_kinds_are_not_the_suites(checked, log):
    log("index", "1 day", None, status="failed")

    assert checked("history_open") == []


# --- duration ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "long", "short"),
    [("daily", "16 minutes", "14 minutes"), ("weekly", "61 minutes", "59 minutes")],
)
def test_a_run_over_its_time_is_found_until_the_next_keeps_to_it(checked, log, schedule, long, short):
    log(schedule, "2 days", long, status="passed", run_id="r1")
    found = [finding.object_name for finding in checked("history_duration")]
    log(schedule, "1 day", short, status="passed", run_id="r2")

    assert found == [f"{schedule}_maintenance r1"]
    assert checked("history_duration") == []


def test_the_run_that_goes_on_is_judged_too(checked, going_on, database):
    database.execute(
        "update public.maintenance_log set started_at = now() - interval '20 minutes' where id = %s", [going_on]
    )
    [found] = checked("history_duration")

    assert found.observed.startswith("00:20:0")
    assert found.observed.endswith(" so far")
    assert found.expected == "at most 00:15:00"


def test_a_run_that_died_has_no_duration(checked, log):
    log("daily", "2 days", None, status="died")
    log("daily", "3 days", "2 days", status="failed", superseded_by=1)

    assert checked("history_duration") == []
