"""Kills at the worst moment: the next run converges, and the log tells the truth."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.retention import suggest
from tests.fixtures.running import until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.fixtures.database import Cluster, TestDatabase
    from tests.fixtures.suite import Finished, Suite

DUE = """
    select count(*) as count from suggestions
    where expires_at < now() - interval '1 day' and status in ('generated', 'reviewed') and confidence_score < 0.3
"""
OPEN_ROWS = """
    select details from maintenance_log
    where maintenance_type = 'daily_maintenance' and completed_at is null
    order by id
"""


@pytest.fixture
def crashing(own_cluster: Cluster) -> TestDatabase:
    """A demo database on a server that may be killed."""
    return own_cluster.create(own_cluster.template("demo"))


def _in_a_purge(event: dict[str, Any]) -> bool:
    return event["event"] == "progress" and "test_purge" in event["item"] and "suggestions" in event["item"]


def _in_a_purge_item(event: dict[str, Any]) -> bool:
    return event["event"] == "item_started" and "test_purge" in event["item"]


def _attaching(database: TestDatabase) -> bool:
    waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'maintenance'"
    return bool(database.execute(waiting))


def _await(true: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come true"
        time.sleep(0.02)


def _converges(suite: Suite, database: TestDatabase) -> Finished:
    """Run until the killed run's last statement is gone, and return the first run that was let in."""
    until = time.monotonic() + 30
    while (run := suite.run("daily", "--no-report", database=database)).code == 3:
        assert time.monotonic() < until, run.err
        time.sleep(0.2)
    return run


def _worker(supervisor: subprocess.Popen[str], suite: Suite) -> int:
    started = suite.await_event(supervisor, _in_a_purge)
    return int(started["pid"])


def _told_and_cleared(database: TestDatabase, run: Finished) -> None:
    rows = database.execute(
        "select id, details from maintenance_log where maintenance_type = 'daily_maintenance' order by id"
    )

    assert 0 == run.code, run.err
    assert [] == database.execute(OPEN_ROWS)
    assert rows[-1]["id"] == rows[0]["details"]["superseded_by"]
    assert rows[0]["details"]["error"]
    assert rows[0]["details"]["status"] in {"died", "failed", "error"}
    assert 0 == database.execute(DUE)[0]["count"]


def test_a_killed_supervisor_in_a_purge(suite: Suite, demo_database: TestDatabase, slow_profile: str) -> None:
    before = demo_database.execute(DUE)[0]["count"]
    killed = suite.start("daily", "--no-report", database=demo_database, STEWARD_PROFILE=slow_profile)
    suite.await_event(killed, _in_a_purge)
    killed.kill()
    killed.wait()
    _await(
        lambda: not demo_database.execute("select 1 from pg_stat_activity where application_name = 'maintenance'"), 10
    )
    left = demo_database.execute(DUE)[0]["count"]
    open_rows = demo_database.execute(OPEN_ROWS)

    run = _converges(suite, demo_database)

    assert 0 < left < before
    assert 1 == len(open_rows)
    assert open_rows[0]["details"]["error"]
    _told_and_cleared(demo_database, run)


def test_a_killed_worker_in_a_purge_is_an_error_and_the_rest_is_done(
    suite: Suite, demo_database: TestDatabase, slow_profile: str
) -> None:
    running = suite.start("daily", "--no-report", database=demo_database, STEWARD_PROFILE=slow_profile)
    os.kill(_worker(running, suite), signal.SIGKILL)
    hurt = suite.finish(running)
    outcomes = list(hurt.outcomes("purge").values())

    run = _converges(suite, demo_database)

    assert 1 == hurt.code
    assert 1 == outcomes.count("error")
    assert len(outcomes) - 1 == outcomes.count("passed")
    assert [] == hurt.record["reconciliation"]["missing"]
    _told_and_cleared(demo_database, run)


def test_workers_killed_twice_leave_a_run_that_does_not_reconcile(
    suite: Suite, demo_database: TestDatabase, slow_profile: str
) -> None:
    killed: set[int] = set()
    running = suite.start(
        "daily", "--no-report", "--workers", "1", database=demo_database, STEWARD_PROFILE=slow_profile
    )
    for _ in range(2):
        alive = suite.await_event(running, lambda event: _in_a_purge_item(event) and event["pid"] not in killed)
        killed.add(alive["pid"])
        os.kill(alive["pid"], signal.SIGKILL)
    hurt = suite.finish(running)
    open_rows = demo_database.execute(OPEN_ROWS)

    run = _converges(suite, demo_database)

    assert (4, "unreconciled") == (hurt.code, hurt.record["status"])
    assert hurt.record["reconciliation"]["missing"]
    assert open_rows[0]["details"]["error"]
    assert (0, []) == (run.code, demo_database.execute(OPEN_ROWS))


def test_a_killed_server_in_a_purge(suite: Suite, crashing: TestDatabase, slow_profile: str) -> None:
    running = suite.start("daily", "--no-report", database=crashing, STEWARD_PROFILE=slow_profile)
    suite.await_event(running, _in_a_purge)
    crashing.cluster.kill9()
    hurt = suite.finish(running)
    crashing.cluster.start()
    open_rows = crashing.execute(OPEN_ROWS)

    run = _converges(suite, crashing)

    assert 2 == hurt.code
    assert "Traceback" not in hurt.err
    assert "error" in hurt.record["status"]
    assert 1 == len(open_rows)
    _told_and_cleared(crashing, run)


@pytest.mark.parametrize("victim", ["supervisor", "worker"])
def test_a_kill_in_an_attach_leaves_nothing_half_made(
    suite: Suite, demo_database: TestDatabase, slow_profile: str, victim: str
) -> None:
    leaves = "select count(*) as count from pg_class where relname like 'correction_logs%' and relkind = 'r'"
    before = demo_database.execute(leaves)
    with demo_database.connect(autocommit=False) as holder:
        holder.execute("lock table correction_logs in share update exclusive mode")
        # Partitions are made before workers start, so that the process of the phase is the one to be killed.
        running = suite.start(
            "daily", "--no-report", "--workers", "1", database=demo_database, STEWARD_PROFILE=slow_profile
        )
        _await(lambda: _attaching(demo_database))
        started = suite.await_event(running, lambda event: event["event"] == "intent" and "partitions" in event["item"])
        os.kill(running.pid if victim == "supervisor" else started["pid"], signal.SIGKILL)
        _await(lambda: not _attaching(demo_database), 10)
        holder.rollback()
    hurt = suite.finish(running)
    _await(
        lambda: not demo_database.execute("select 1 from pg_stat_activity where application_name = 'maintenance'"), 10
    )
    half_way = demo_database.execute(leaves)

    run = _converges(suite, demo_database)

    assert before == half_way
    assert hurt.code == (-signal.SIGKILL if victim == "supervisor" else 1)
    assert before[0]["count"] + 1 == demo_database.execute(leaves)[0]["count"]
    _told_and_cleared(demo_database, run)


def test_a_killed_server_in_an_attach(suite: Suite, crashing: TestDatabase, slow_profile: str) -> None:
    leaves = "select count(*) as count from pg_class where relname like 'correction_logs%' and relkind = 'r'"
    before = crashing.execute(leaves)
    holder = crashing.connect(autocommit=False)
    holder.execute("lock table correction_logs in share update exclusive mode")
    running = suite.start("daily", "--no-report", database=crashing, STEWARD_PROFILE=slow_profile)
    _await(lambda: _attaching(crashing))
    crashing.cluster.kill9()
    holder.close()
    hurt = suite.finish(running)
    crashing.cluster.start()
    half_way = crashing.execute(leaves)

    run = _converges(suite, crashing)

    assert 2 == hurt.code
    assert before == half_way
    _told_and_cleared(crashing, run)


def test_a_signal_closes_the_record_and_leaves_the_row_open(
    suite: Suite, demo_database: TestDatabase, slow_profile: str
) -> None:
    running = suite.start("daily", "--no-report", database=demo_database, STEWARD_PROFILE=slow_profile)
    suite.await_event(running, _in_a_purge)
    running.terminate()
    stopped = suite.finish(running)
    open_rows = demo_database.execute(OPEN_ROWS)

    run = _converges(suite, demo_database)

    assert (5, "interrupted") == (stopped.code, stopped.record["status"])
    assert [] == stopped.record["reconciliation"]["missing"]
    assert "SIGTERM" in open_rows[0]["details"]["error"]
    assert 0 == run.code
    assert [] == demo_database.execute(OPEN_ROWS)


def test_a_signal_ends_a_scan_that_counts_for_long(suite: Suite, database: TestDatabase) -> None:
    database.execute(
        "insert into steward.legal_hold (table_name, predicate, owner, reason)"
        " values ('suggestions', '(select pg_sleep(120)) is null', 'a court', 'a test')"
    )
    suggest(database, 3)
    process = suite.start("daily", "--no-report", database=database)
    until(lambda: database.execute("select 1 from pg_stat_activity where wait_event = 'PgSleep'"))
    process.send_signal(signal.SIGTERM)

    ended = suite.finish(process)

    assert (5, "interrupted") == (ended.code, ended.record["status"])
    [row] = database.execute("select details, completed_at from public.maintenance_log where details ? 'run_id'")
    assert ("interrupted by SIGTERM", None) == (row["details"]["error"], row["completed_at"])
    assert ended.record["duration_seconds"] < 60


def test_a_second_run_at_the_same_time_is_refused(suite: Suite, demo_database: TestDatabase, slow_profile: str) -> None:
    first = suite.start("daily", "-k", "purge", "--no-report", database=demo_database, STEWARD_PROFILE=slow_profile)
    suite.await_event(first, _in_a_purge)

    second = suite.run("daily", "--no-report", database=demo_database)

    assert 3 == second.code
    assert "another run is going on" in second.err
    assert 1 == len(second.err.strip().splitlines())
    assert 0 == suite.finish(first).code


def test_a_table_locked_throughout_is_busy_and_names_who_holds_it(
    suite: Suite, demo_database: TestDatabase, tmp_path: Path
) -> None:
    path = tmp_path / "hasty.toml"
    path.write_text('extends = "development"\n[locks]\nbudget = "2s"\nother = "1s"\n')
    with demo_database.connect(autocommit=False) as holder:
        holder.execute("lock table suggestions in access exclusive mode")
        pid = holder.info.backend_pid
        run = suite.run("daily", "--no-report", database=demo_database, STEWARD_PROFILE=str(path))
        holder.rollback()
    busy = [item for item in run.record["items"] if item["outcome"] == "busy"]

    assert 1 == run.code
    assert busy
    assert all(f"pid {pid}" in item["reason"] for item in busy)
