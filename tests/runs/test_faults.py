"""What befalls a run while it goes on: told in one line, the rest is done, and the next run converges."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from steward.setup import demo
from tests.fixtures.disk import mounted
from tests.fixtures.retention import shop, suggest
from tests.fixtures.running import open_transaction, until

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.fixtures.database import Cluster, TestDatabase
    from tests.fixtures.suite import Suite


def test_a_count_that_outlasts_the_window_defers_what_it_was_for(
    suite: Suite, database: TestDatabase, tmp_path: Path
) -> None:
    suggest(database, 3)
    database.execute(
        "insert into steward.legal_hold (table_name, predicate, owner, reason)"
        " values ('suggestions', '(select pg_sleep(120)) is null', 'a court', 'a test')"
    )
    profile = tmp_path / "hasty.toml"
    profile.write_text('extends = "development"\n[run]\ncancel_grace = "1s"\n')

    run = suite.run(
        "daily", "-k", "purge", "--window", "2s", "--no-report", database=database, STEWARD_PROFILE=str(profile)
    )

    [item] = [item for item in run.record["items"] if "suggestions" in item["subject"]]
    assert (3, "deferred") == (run.code, item["outcome"])
    assert "not counted, since cancelled while it ran: the maintenance window ended at" in item["why"]
    assert run.record["duration_seconds"] < 60


@pytest.fixture
def crashing(own_cluster: Cluster) -> TestDatabase:
    """A demo database on a server that may be ended."""
    database = own_cluster.create(own_cluster.template("demo"))
    demo.wear(database.target("postgres"))
    return database


def _in_a_purge(event: dict[str, Any]) -> bool:
    return event["event"] == "progress" and "test_purge" in event["item"] and "suggestions" in event["item"]


def _due(database: TestDatabase) -> int:
    """How many suggestions the purge should take."""
    statement = (
        "select count(*) as count from public.suggestions where expires_at < now() - interval '1 day'"
        " and status in ('generated', 'reviewed') and confidence_score < 0.3"
    )
    return int(database.execute(statement)[0]["count"])


def test_a_connection_that_is_cut_is_one_items_error_and_the_rest_is_done(
    suite: Suite, demo_database: TestDatabase, slow_profile: str
) -> None:
    running = suite.start(
        "daily", "-k", "purge or vacuum", "--no-report", database=demo_database, STEWARD_PROFILE=slow_profile
    )
    suite.await_event(running, _in_a_purge)
    until(
        lambda: demo_database.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'maintenance' and query like '%%suggestions%%ctid%%'",
            {},
        )
    )
    hurt = suite.finish(running)
    again = suite.run("daily", "--no-report", database=demo_database)

    outcomes = hurt.outcomes("purge") | hurt.outcomes("vacuum")
    [cut] = [item for item in hurt.record["items"] if item["outcome"] == "error"]
    assert 1 == hurt.code
    assert {"passed"} == {outcome for subject, outcome in outcomes.items() if subject != cut["subject"]}
    assert "suggestions" in cut["subject"]
    # What the server said last, or that it said nothing more: it depends on which end noticed first.
    messages = ("terminating connection due to administrator command", "server closed the connection unexpectedly")
    assert any(message in cut["reason"] for message in messages)
    assert "\n" not in cut["reason"]
    assert (0, 0) == (again.code, _due(demo_database))


def _family(database: TestDatabase) -> str:
    """A parent whose rows are due and take rows of two children along, one after the other; its retention rule."""
    with shop(database) as conn:
        conn.execute("create table parent (id int primary key, at timestamptz not null)")
        for child in ("first", "second"):
            conn.execute(f"create table {child} (id int primary key references parent on delete cascade, note text)")
            conn.execute(f"create index on {child} (id)")
        conn.execute("insert into parent values (1, now() - interval '3 days')")
        conn.execute("insert into first values (1)")
        conn.execute("insert into second values (1)")
    return (
        'extends = "development"\n[retention.rules.parents]\nschedule = "daily"\ntable = "shop.parent"\n'
        'action = "delete"\nclock = "at"\nolder_than = "1 day"\npurpose = "a test"\n'
        'allow_cascades = ["shop.first", "shop.second"]\n'
    )


def _waiting(database: TestDatabase, application: str) -> list[dict[str, Any]]:
    statement = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and application_name = %s"
    return database.execute(statement, [application])


def test_a_deadlock_with_the_application_that_the_run_loses_is_tried_again(
    suite: Suite, database: TestDatabase, tmp_path: Path
) -> None:
    profile = tmp_path / "own.toml"
    profile.write_text(_family(database))
    with (
        open_transaction(database, "select 1 from shop.first for update") as first,
        open_transaction(
            database, "set deadlock_timeout = '1h'", "select 1 from shop.second for update"
        ) as application,
    ):
        running = suite.start("daily", "-k", "purge", "--no-report", database=database, STEWARD_PROFILE=str(profile))
        until(lambda: _waiting(database, "maintenance"))
        # The application comes to wait for the run, which then comes to wait for it: only the run looks for a deadlock.
        beside = threading.Thread(target=application.execute, args=("update shop.parent set at = at",))
        beside.start()
        until(lambda: _waiting(database, "someone"))
        first.rollback()
        beside.join()
        application.commit()
    run = suite.finish(running)

    [item] = [item for item in run.record["items"] if item["subject"] == "shop.parent parents"]
    assert (0, "passed") == (run.code, item["outcome"])
    assert 1 == sum("40P01" in (statement["error"] or "") for statement in item["statements"])
    assert [] == database.execute("select 1 from shop.parent")


def test_a_deadlock_that_the_application_loses_is_no_fault_of_the_run(
    suite: Suite, database: TestDatabase, tmp_path: Path
) -> None:
    profile = tmp_path / "own.toml"
    profile.write_text(_family(database))
    with open_transaction(
        database, "set deadlock_timeout = '1ms'", "select 1 from shop.second for update"
    ) as application:
        running = suite.start("daily", "-k", "purge", "--no-report", database=database, STEWARD_PROFILE=str(profile))
        until(lambda: _waiting(database, "maintenance"))
        with pytest.raises(psycopg.errors.DeadlockDetected):
            application.execute("update shop.parent set at = at")
    run = suite.finish(running)

    assert (0, {"shop.parent parents": "passed"}) == (run.code, run.outcomes("purge"))
    assert [] == database.execute("select 1 from shop.parent")


def _await_item(suite: Suite, running: subprocess.Popen[str], subject: str) -> None:
    suite.await_event(running, lambda event: event["event"] == "item_started" and f"[{subject}]" in event["item"])


def test_a_table_dropped_between_plan_and_action_needs_nothing(suite: Suite, database: TestDatabase) -> None:
    for name, rows in {"large": 5000, "small": 500}.items():
        parts = {"name": sql.Identifier(name), "rows": sql.Literal(rows)}
        for statement in (
            "create table public.{name} (id int)",
            "alter table public.{name} owner to validahub_owner",
            "insert into public.{name} select generate_series(1, {rows})",
            "vacuum (analyze) public.{name}",
            "delete from public.{name}",
        ):
            database.execute(sql.SQL(statement).format(**parts))
    with open_transaction(database, "lock table public.large in share update exclusive mode") as holder:
        running = suite.start("daily", "-k", "vacuum", "--workers", "1", "--no-report", database=database)
        _await_item(suite, running, "public.large")
        database.execute("drop table public.small")
        holder.rollback()
    run = suite.finish(running)

    [item] = [item for item in run.record["items"] if item["subject"] == "public.small"]
    assert (0, "passed") == (run.code, run.outcomes("vacuum")["public.large"])
    assert ("not needed", "public.small is gone") == (item["outcome"], item["reason"])


@pytest.mark.parametrize("fate", ["detach partition log_2", "drop"])
def test_a_partition_that_left_between_plan_and_purge_keeps_its_rows(
    suite: Suite, database: TestDatabase, tmp_path: Path, fate: str
) -> None:
    with shop(database) as conn:
        conn.execute("create table log (id int, at timestamptz) partition by range (id)")
        for number, rows in {1: 90, 2: 30}.items():
            bounds = f"from ({number * 100}) to ({number * 100 + 100})"
            conn.execute(f"create table log_{number} partition of log for values {bounds}")
            conn.execute(
                "insert into log select %s + n, now() - interval '3 days' from generate_series(1, %s) as n",
                [number * 100, rows],
            )
    profile = tmp_path / "own.toml"
    profile.write_text(
        'extends = "development"\n[retention.rules.logs]\nschedule = "daily"\ntable = "shop.log"\n'
        'action = "delete"\nclock = "at"\nolder_than = "1 day"\npurpose = "a test"\n'
    )
    with open_transaction(database, "lock table shop.log_1 in access exclusive mode") as holder:
        # The count for the plan meets the lock, too: it then has an item for every partition.
        running = suite.start(
            "daily", "-k", "purge", "--workers", "1", "--no-report", database=database, STEWARD_PROFILE=str(profile)
        )
        _await_item(suite, running, "shop.log_1 logs")
        with shop(database) as conn:
            conn.execute("drop table log_2" if fate == "drop" else f"alter table log {fate}")
        holder.rollback()
    run = suite.finish(running)

    [item] = [item for item in run.record["items"] if item["subject"] == "shop.log_2 logs"]
    assert (0, "passed") == (run.code, run.outcomes("purge")["shop.log_1 logs"])
    assert ("not needed", "shop.log_2 is no partition of shop.log any more") == (item["outcome"], item["reason"])
    if fate != "drop":
        assert 30 == database.execute("select count(*) as count from shop.log_2")[0]["count"]


FAR = {
    "TZ": "America/Sao_Paulo",
    "PGTZ": "Asia/Kolkata",
    "PGOPTIONS": "-c timezone=Pacific/Auckland -c datestyle=SQL,DMY -c intervalstyle=sql_standard",
}


def test_time_is_utc_wherever_the_client_and_the_server_are(suite: Suite, demo_database: TestDatabase) -> None:
    name = sql.Identifier(demo_database.name)
    demo_database.execute(sql.SQL("alter database {} set timezone = 'America/Sao_Paulo'").format(name))
    role = "alter role validahub_maintenance in database {} set timezone = 'Asia/Kolkata'"
    demo_database.execute(sql.SQL(role).format(name))
    began = datetime.now(UTC)

    run = suite.run("daily", "--no-report", database=demo_database, **FAR)
    again = suite.run("daily", "--no-report", database=demo_database)

    with demo_database.connect(options="-c timezone=UTC -c datestyle=ISO") as conn:
        newest = conn.execute(
            "select pg_get_expr(relpartbound, oid) as bounds from pg_class where relkind = 'r'"
            " and relname like 'correction_logs%%' order by relname desc limit 1",
            {},
        ).fetchone()
        row = conn.execute(
            "select started_at, completed_at from maintenance_log where details ? 'run_id' order by id limit 1"
        ).fetchone()
    purge = next(item for item in run.record["items"] if item["name"] == "purge")
    assert (0, 0) == (run.code, again.code), run.err + again.err
    assert [] == [item["id"] for item in again.record["items"] if item["kind"] == "action"]
    first = r"\('\d{4}-\d\d-01 00:00:00\+00'\)"
    assert re.fullmatch(f"FOR VALUES FROM {first} TO {first}", newest["bounds"])
    assert began - timedelta(seconds=1) <= row["started_at"] <= row["completed_at"] <= datetime.now(UTC)
    assert purge["figures"]["cutoff"].endswith("+00")
    assert run.record["started_at"].startswith(row["started_at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"))


def test_a_server_that_is_restarted_ends_the_run_in_one_line_and_the_next_one_converges(
    suite: Suite, crashing: TestDatabase, slow_profile: str
) -> None:
    running = suite.start("daily", "--no-report", database=crashing, STEWARD_PROFILE=slow_profile)
    suite.await_event(running, _in_a_purge)
    crashing.cluster.stop()
    hurt = suite.finish(running)
    crashing.cluster.start()
    [row] = crashing.execute("select details, completed_at from maintenance_log where details ? 'run_id'")

    run = suite.run("daily", "--no-report", database=crashing)

    assert 2 == hurt.code
    assert 1 == len(hurt.err.strip().splitlines()), hurt.err
    assert "the connection was lost" in hurt.err
    assert ("running", None) == (row["details"]["status"], row["completed_at"])
    assert row["details"]["error"].startswith("no end recorded of run ")
    assert (0, 0) == (run.code, _due(crashing)), run.err


def test_after_a_crash_that_lost_all_counters_the_next_run_looks_at_every_table(
    suite: Suite, crashing: TestDatabase
) -> None:
    crashing.execute("checkpoint")
    crashing.cluster.kill9()
    crashing.cluster.start()
    [left] = crashing.execute("select n_dead_tup from pg_stat_user_tables where relname = 'suggestions'")

    run = suite.run("daily", "--no-report", database=crashing)
    again = suite.run("daily", "--no-report", database=crashing)

    why = {item["subject"]: item["why"] for item in run.record["items"] if item["name"] == "vacuum"}
    assert 0 == left["n_dead_tup"]
    assert "its counters were lost" in why["public.rule_sets"]
    assert (0, {"passed"}) == (run.code, set(run.outcomes("vacuum").values()))
    assert (0, []) == (again.code, [item["id"] for item in again.record["items"] if item["kind"] == "action"])


def test_a_full_disk_under_the_records_stops_the_run_in_one_line(suite: Suite, demo_database: TestDatabase) -> None:
    with mounted(1) as place:
        (place / "filler").write_bytes(b"x" * 900_000)
        run = suite.run("daily", "--no-report", database=demo_database, STEWARD_RUNS=str(place / "runs"))
    rows = demo_database.execute("select details, completed_at from maintenance_log where details ? 'run_id'")
    again = suite.run("daily", "--no-report", database=demo_database)

    assert 2 == run.code
    assert 1 == len(run.err.strip().splitlines()), run.err
    assert "No space left on device" in run.err
    assert [] == [row for row in rows if row["completed_at"] is not None]
    assert (0, 0) == (again.code, _due(demo_database))
