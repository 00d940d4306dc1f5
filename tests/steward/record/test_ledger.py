"""What the suite remembers in the database, and what operators' alert queries make of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from steward import profile
from steward.database import session
from steward.record import ledger

# The queries of the operators' documentation, to the letter.
LONG_RUNNING = """
SELECT 
    maintenance_type,
    started_at,
    EXTRACT(EPOCH FROM (NOW() - started_at)) / 60.0 as duration_minutes
FROM maintenance_log 
WHERE completed_at IS NULL 
  AND started_at < NOW() - INTERVAL '2 hours';
"""  # noqa: W291 - to the letter
FAILED = """
SELECT 
    maintenance_type,
    started_at,
    details->>'error' as error_message
FROM maintenance_log 
WHERE completed_at IS NULL 
  AND started_at < NOW() - INTERVAL '1 day';
"""  # noqa: W291 - to the letter
GROWTH = """
SELECT * FROM monitor_storage_growth() 
WHERE alert_level IN ('WARNING', 'CRITICAL');
"""  # noqa: W291 - to the letter

AGES = ("5 minutes", "3 hours", "25 hours")


@pytest.fixture
def conn(database):
    with session.maintenance(database.target(), profile.load("development")) as conn:
        yield conn


@pytest.fixture
def alerts(database):
    """Tell which of the first two queries fire, and with what message, for a run that began so long ago."""

    def open_row(log_id: int, age: str) -> tuple[int, list[str]]:
        database.execute(
            "update maintenance_log set started_at = now() - %s::interval where id = %s", [age, log_id], "postgres"
        )
        return len(database.execute(LONG_RUNNING)), [row["error_message"] for row in database.execute(FAILED)]

    return open_row


def opened(conn, run_id: str = "r1", schedule: str = "daily") -> int:
    facts = {
        "started_at": datetime.now(UTC).isoformat(),
        "mode": "act",
        "runner": {"host": "db-runner", "user": "u", "pid": 4242},
        "profile": {"name": "development", "digest": "d"},
        "inventory": {"digest": "left out"},
    }
    return ledger.open_run(conn, run_id, schedule, facts)


def row(conn, log_id: int):
    return conn.execute("select * from public.maintenance_log where id = %s", [log_id]).fetchone()


# --- alerts --------------------------------------------------------------------------------------


def test_while_a_run_goes_on_its_length_is_an_alert_and_its_message_the_truth(conn, alerts):
    log_id = opened(conn)
    message = "no end recorded of run r1 on db-runner, process 4242"

    assert {age: alerts(log_id, age) for age in AGES} == {
        "5 minutes": (0, []),
        "3 hours": (1, []),
        "25 hours": (1, [message]),
    }


def test_after_a_good_run_there_is_no_alert_at_any_age(conn, alerts):
    log_id = opened(conn)
    ledger.close_run(conn, log_id, "warned", {"totals": {"passed": 3}}, complete=True, error=None)
    ledger.supersede(conn, "daily", log_id)

    assert {age: alerts(log_id, age) for age in AGES} == dict.fromkeys(AGES, (0, []))
    assert row(conn, log_id)["completed_at"] is not None
    assert row(conn, log_id)["details"].keys() & {"error", "superseded_by"} == set()


def test_after_a_failed_run_both_alerts_fire_with_its_error(conn, alerts):
    log_id = opened(conn)
    ledger.close_run(conn, log_id, "failed", {}, complete=False, error="vacuum public.x: 55P03")

    assert {age: alerts(log_id, age) for age in AGES} == {
        "5 minutes": (0, []),
        "3 hours": (1, []),
        "25 hours": (1, ["vacuum public.x: 55P03"]),
    }


def test_after_a_kill_both_alerts_fire_and_say_that_no_end_is_known(conn, alerts):
    log_id = opened(conn)
    conn.close()

    assert {age: alerts(log_id, age) for age in AGES} == {
        "5 minutes": (0, []),
        "3 hours": (1, []),
        "25 hours": (1, ["no end recorded of run r1 on db-runner, process 4242"]),
    }


@pytest.mark.parametrize("ended", ["failed", "killed"])
def test_the_next_good_run_clears_the_alerts_and_the_truth_stays(conn, alerts, ended):
    old = opened(conn, "old")
    if ended == "failed":
        ledger.close_run(conn, old, "failed", {"exit_code": 1}, complete=False, error="it broke")
    alerts(old, "25 hours")

    new = opened(conn, "new")
    died = ledger.mark_dead(conn, "daily", new)
    ledger.close_run(conn, new, "passed", {}, complete=True, error=None)
    ledger.supersede(conn, "daily", new)

    assert died == (() if ended == "failed" else ("old",))
    assert alerts(old, "25 hours") == (0, [])
    kept = row(conn, old)["details"]
    assert kept["superseded_by"] == new
    assert (kept["status"], kept["error"]) == (
        ("failed", "it broke")
        if ended == "failed"
        else ("died", "run old died: it was started on db-runner as process 4242 and never recorded an end")
    )


def test_a_run_that_fails_again_clears_nothing(conn, alerts):
    old = opened(conn, "old")
    ledger.close_run(conn, old, "failed", {}, complete=False, error="first")
    new = opened(conn, "new")
    ledger.mark_dead(conn, "daily", new)
    ledger.close_run(conn, new, "failed", {}, complete=False, error="second")

    alerts(old, "25 hours")

    assert alerts(new, "25 hours") == (2, ["first", "second"])


def test_the_dead_are_marked_before_the_run_is_over(conn):
    old, new = opened(conn, "old"), opened(conn, "new")
    ledger.mark_dead(conn, "daily", new)

    assert (row(conn, old)["details"]["status"], row(conn, old)["completed_at"]) == ("died", None)
    assert row(conn, new)["details"]["status"] == "running"


def test_schedules_do_not_clear_one_another(conn):
    weekly = opened(conn, "w", "weekly")
    daily = opened(conn, "d", "daily")
    ledger.mark_dead(conn, "daily", daily)
    ledger.close_run(conn, daily, "passed", {}, complete=True, error=None)
    ledger.supersede(conn, "daily", daily)

    assert row(conn, weekly)["completed_at"] is None
    assert row(conn, weekly)["maintenance_type"] == "weekly_maintenance"


def test_an_operators_own_open_row_of_another_kind_is_left_alone(conn):
    sql = "insert into public.maintenance_log (maintenance_type, started_at) values ('mine', now()) returning id"
    mine = conn.execute(sql).fetchone()["id"]
    log_id = opened(conn)
    ledger.mark_dead(conn, "daily", log_id)
    ledger.supersede(conn, "daily", log_id)

    assert row(conn, mine)["completed_at"] is None


def test_a_row_without_details_can_be_superseded(conn):
    sql = (
        "insert into public.maintenance_log (maintenance_type, started_at, details) "
        "values ('daily_maintenance', now(), null) returning id"
    )
    old = conn.execute(sql).fetchone()["id"]
    new = opened(conn)
    ledger.mark_dead(conn, "daily", new)
    ledger.supersede(conn, "daily", new)

    assert row(conn, old)["details"] == {"superseded_by": new}


def test_growth_is_told_without_history_and_alerts_by_the_thresholds(conn, database):
    quiet = conn.execute("select * from monitor_storage_growth()").fetchall()
    names = {"public.rule_sets", "public.rule_versions", "public.correction_logs", "public.suggestions"}

    assert names <= {found["table_name"] for found in quiet}
    assert {found["growth_rate_mb_per_day"] for found in quiet} == {None}
    assert database.execute(GROWTH) == []

    database.execute("update steward.growth_threshold set threshold = 1")

    assert names <= {found["table_name"] for found in database.execute(GROWTH)}


# --- runs and operations -------------------------------------------------------------------------


def test_the_row_holds_figures_status_and_who_ran_it_and_no_catalog(conn):
    log_id = opened(conn)
    ledger.close_run(conn, log_id, "passed", {"totals": {"passed": 2}, "exit_code": 0}, complete=True, error=None)

    assert row(conn, log_id)["details"] == {
        "run_id": "r1",
        "mode": "act",
        "status": "passed",
        "runner": {"host": "db-runner", "user": "u", "pid": 4242},
        "profile": {"name": "development", "digest": "d"},
        "totals": {"passed": 2},
        "exit_code": 0,
    }


def test_findings_complete_the_row_and_are_kept(conn):
    log_id = opened(conn)
    ledger.close_run(conn, log_id, "failed", {}, complete=True, error="2 checks failed")

    found = row(conn, log_id)

    assert found["completed_at"] is not None
    assert (found["details"]["status"], found["details"]["error"]) == ("failed", "2 checks failed")


def test_an_incomplete_run_without_a_message_still_says_something(conn):
    log_id = opened(conn)
    ledger.close_run(conn, log_id, "interrupted", {}, complete=False, error=None)

    assert row(conn, log_id)["details"]["error"] == "the run ended interrupted and was not completed"


def test_an_operation_is_one_completed_row(conn):
    started = datetime.now(UTC) - timedelta(hours=1)
    ledger.operation(conn, "vacuum", started, {"object": "public.x", "seconds": 1.5, "at": started})
    found = conn.execute("select * from public.maintenance_log").fetchone()

    assert (found["maintenance_type"], found["started_at"]) == ("vacuum", started)
    assert found["completed_at"] > started
    assert found["details"] == {"object": "public.x", "seconds": 1.5, "at": str(started)}


def test_the_last_runs_are_told_newest_first_without_operations(conn):
    first = opened(conn, "first")
    ledger.operation(conn, "vacuum", datetime.now(UTC), {})
    second = opened(conn, "second", "weekly")

    assert [found["id"] for found in ledger.runs(conn, 5)] == [second, first]
    assert [found["id"] for found in ledger.runs(conn, 1)] == [second]


# --- intents and deferrals -----------------------------------------------------------------------


def test_an_intent_stands_before_the_deed_and_its_end_is_written_once(conn):
    intent = ledger.intent(conn, "r1", "item", "vacuum", "public.x", "vacuum public.x")
    before = conn.execute("select outcome, settled_at from steward.intent where id = %s", [intent]).fetchone()
    ledger.settle(conn, intent, "done", {"rows": 5})
    ledger.settle(conn, intent, "failed", {})
    after = conn.execute("select outcome, figures from steward.intent where id = %s", [intent]).fetchone()

    assert before == {"outcome": None, "settled_at": None}
    assert after == {"outcome": "done", "figures": {"rows": 5}}


def test_deferrals_are_counted_in_a_row_and_end_when_the_turn_comes(conn):
    counts = [
        ledger.count_deferrals(conn, ["vacuum public.a", "vacuum public.b"], []),
        ledger.count_deferrals(conn, ["vacuum public.a"], ["vacuum public.c"]),
        ledger.count_deferrals(conn, ["vacuum public.a"], ["vacuum public.b"]),
    ]

    assert counts == [
        {"vacuum public.a": 1, "vacuum public.b": 1},
        {"vacuum public.a": 2},
        {"vacuum public.a": 3},
    ]
    assert ledger.deferrals(conn) == {"vacuum public.a": 3}
    assert ledger.count_deferrals(conn, [], ["vacuum public.a"]) == {}
    assert ledger.deferrals(conn) == {}


def test_an_object_deferred_twice_in_one_run_counts_once(conn):
    assert ledger.count_deferrals(conn, ["x", "x"], []) == {"x": 1}


# --- the profile's growth figures ------------------------------------------------------------------


def test_a_run_brings_the_profiles_present_figures(conn, database):
    base = profile.load("base")
    ledger.remember_profile(conn, base)
    known = database.execute("select relation, threshold from steward.growth_threshold order by relation")

    assert known == [
        {"relation": "*", "threshold": base.growth.threshold},
        {"relation": "public.correction_logs", "threshold": base.growth.thresholds["public.correction_logs"]},
    ]
    assert database.execute("select profile from steward.scope") == [{"profile": "base"}]


def test_figures_that_the_profile_no_longer_has_are_forgotten(conn, database):
    base = profile.load("base")
    plain = base.model_copy(update={"growth": base.growth.model_copy(update={"thresholds": {}})})
    ledger.remember_profile(conn, plain)

    assert database.execute("select relation from steward.growth_threshold") == [{"relation": "*"}]
