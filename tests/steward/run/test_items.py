from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from steward import Busy, Deferred, Inconclusive, NotNeeded, Planned, QueryError, RefusalError
from steward.engine.check import Check, Finding
from steward.profile import Severity
from steward.record.plan import PlannedItem
from steward.run import items
from tests.fixtures.running import changed

ITEM = PlannedItem(
    id="maintenance/test_vacuum.py::test_vacuum[public.x]",
    kind="action",
    name="vacuum",
    subject="public.x",
    title="Dead rows fall below the threshold.",
    lane="public.x",
    phase="tables",
)
FOUND = Finding("table", "public.x", "11 GB", "10 GB", "", "")
EXCUSED = replace(FOUND, exempt={"reason": "r", "owner": "o", "expires": "2999-01-01"})


@pytest.fixture
def check(settings):
    """A check that has found what a test says."""

    def made(*found: Finding) -> Check:
        check = Check(settings, None, None)
        check.found.extend(found)
        return check

    return made


def failed(text: str = "assert 3 < 2") -> AssertionError:
    with pytest.raises(AssertionError) as caught:
        raise AssertionError(text)
    return caught.value


def raised(conn, statement: str) -> psycopg.Error:
    with pytest.raises(psycopg.Error) as caught:
        conn.execute(statement)
    return caught.value


def test_item_without_an_error_has_passed(settings):
    assert items.conclude(None, None, ITEM, settings) == ("passed", None)


def test_check_without_findings_has_passed(settings, check):
    assert items.conclude(None, check(), ITEM, settings) == ("passed", None)


def test_check_whose_every_finding_is_excused_is_exempt(settings, check):
    outcome, reason = items.conclude(None, check(EXCUSED), ITEM, settings)

    assert (outcome, reason) == ("exempt", "the profile excuses every finding")


def test_check_that_does_not_judge_what_it_found_is_an_error_and_never_passes(settings, check):
    outcome, reason = items.conclude(None, check(FOUND, EXCUSED), ITEM, settings)

    assert outcome == "error"
    assert reason == "the item did not judge its findings: public.x: 11 GB, expected 10 GB"


@pytest.mark.parametrize("undone", [Planned, Deferred, Busy, Inconclusive, NotNeeded])
def test_work_that_was_not_done_says_why(settings, undone):
    assert items.conclude(undone("the reason"), None, ITEM, settings) == (undone.outcome, "the reason")


def test_item_that_skips_itself_is_inconclusive(settings):
    with pytest.raises(pytest.skip.Exception) as caught:
        pytest.skip("no such view")

    assert items.conclude(caught.value, None, ITEM, settings) == ("inconclusive", "skipped: no such view")


@pytest.mark.parametrize("fail_on", items.SEVERITIES)
@pytest.mark.parametrize("severity", items.SEVERITIES)
def test_finding_fails_from_the_profiles_severity_on_and_warns_below_it(settings, check, severity, fail_on):
    strict = changed(settings, run={"fail_on": fail_on})
    outcome, reason = items.conclude(failed(), check(FOUND), replace(ITEM, severity=severity), strict)
    expected = "failed" if items.SEVERITIES.index(severity) >= items.SEVERITIES.index(fail_on) else "warned"

    assert (outcome, reason) == (expected, "public.x: 11 GB, expected 10 GB")


def test_severities_are_the_profiles_from_the_least_to_the_worst():
    assert set(items.SEVERITIES) == set(Severity.__args__)
    assert items.SEVERITIES[0] == "trivial"
    assert items.SEVERITIES[-1] == "blocker"


def test_action_that_cannot_prove_its_effect_has_failed_whatever_its_severity(settings):
    outcome, reason = items.conclude(failed(), None, replace(ITEM, severity="trivial"), settings)

    assert outcome == "failed"
    assert reason == "public.x: assert 3 < 2; expected: Dead rows fall below the threshold."


def test_reason_is_one_line_that_names_the_object(settings):
    with pytest.raises(pytest.fail.Exception) as caught:
        pytest.fail("first\n   second")
    outcome, reason = items.conclude(caught.value, None, replace(ITEM, subject=""), settings)

    assert outcome == "failed"
    assert reason == "vacuum: first second; expected: Dead rows fall below the threshold."


def test_error_of_the_server_is_told_with_object_sqlstate_and_hint(settings, blank):
    with blank.connect() as conn:
        error = raised(conn, "select pg_catalog.lenght('x')")
    outcome, reason = items.conclude(error, None, ITEM, settings)

    assert outcome == "error"
    assert reason.startswith("public.x: function pg_catalog.lenght(unknown) does not exist (SQLSTATE 42883) (")
    assert "\n" not in reason


def test_error_of_the_suite_is_told_in_its_own_words(settings):
    error = QueryError("sql/x.sql", "no file", "reinstall")

    assert items.conclude(error, None, ITEM, settings) == ("error", "sql/x.sql: no file; reinstall")


@pytest.mark.parametrize(("kind", "outcome"), [("action", "failed"), ("check", "error")])
def test_action_that_was_refused_has_failed_and_a_check_could_not_find_out(settings, kind, outcome):
    refusal = RefusalError("legal hold 1", "no such table", "correct it")

    assert items.conclude(refusal, None, replace(ITEM, kind=kind), settings) == (
        outcome,
        "legal hold 1: no such table; correct it",
    )


def test_any_other_error_is_told_by_its_kind(settings):
    assert items.conclude(KeyError("lane"), None, ITEM, settings) == ("error", "public.x: KeyError: 'lane'")


def test_error_beside_findings_is_an_error_and_not_a_finding(settings, check):
    outcome, _ = items.conclude(KeyError("lane"), check(FOUND), ITEM, settings)

    assert outcome == "error"


def cancelled(blank) -> psycopg.Error:
    with blank.connect() as conn:
        conn.execute("set statement_timeout = '10ms'")
        return raised(conn, "select pg_catalog.pg_sleep(5)")


def test_action_that_was_cancelled_when_the_window_was_over_is_deferred(settings, blank):
    over = replace(settings, deadline=datetime.now(UTC))
    outcome, reason = items.conclude(cancelled(blank), None, ITEM, over)

    assert outcome == "deferred"
    assert reason.startswith("cancelled while it ran: the maintenance window ended")


def test_action_that_took_too_long_inside_the_window_is_an_error(settings, blank):
    outcome, reason = items.conclude(cancelled(blank), None, ITEM, settings)

    assert outcome == "error"
    assert "(SQLSTATE 57014)" in reason


def test_check_that_took_too_long_is_an_error_though_the_window_is_over(settings, blank):
    # The window does not bind checks: one that could not find out must not end as good.
    over = replace(settings, deadline=datetime.now(UTC))
    outcome, _ = items.conclude(cancelled(blank), None, replace(ITEM, kind="check"), over)

    assert outcome == "error"
