"""Kills in the middle of a refresh: the view and its record stay as they were, and the next run makes it."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.running import until

if TYPE_CHECKING:
    import subprocess

    from tests.fixtures.database import Cluster, TestDatabase
    from tests.fixtures.suite import Finished, Suite

SLOW = "select n, (select pg_sleep(seconds) from public.pace)::text as waited from generate_series(1, 3) as n"
REFRESHING = "select pid from pg_stat_activity where application_name = 'maintenance' and wait_event = 'PgSleep'"
OPEN_ROWS = """
    select details from maintenance_log
    where maintenance_type = 'daily_maintenance' and completed_at is null
    order by id
"""


def plant(database: TestDatabase, *, populated: bool) -> None:
    """Make a view whose refresh takes as many seconds as a table says: two minutes, which nobody waits for."""
    for statement in (
        "create table public.pace (seconds float8 not null)",
        "insert into public.pace values (0)",
        "alter table public.pace owner to validahub_owner",
        f"create materialized view public.slow as {SLOW} with {'' if populated else 'no '}data",
        "create unique index on public.slow (n)",
        "alter materialized view public.slow owner to validahub_system",
        "update public.pace set seconds = 120",
    ):
        database.execute(statement)


def start(suite: Suite, database: TestDatabase) -> tuple[subprocess.Popen[str], int, int]:
    """Start a run; return it, the pid of the worker that refreshes the view, and that of its backend."""
    running = suite.start("daily", "-k", "matviews", "--no-report", database=database)
    event = suite.await_event(running, lambda event: event["event"] == "progress" and "slow" in event["item"])
    [row] = until(lambda: database.execute(REFRESHING))
    return running, event["pid"], row["pid"]


def left_alone(database: TestDatabase, *, populated: bool) -> bool:
    """Tell whether neither the view nor its record has changed, once the killed run's statement is gone."""
    if database.cluster.version < 14:
        # The server does not look for its client while it works.
        for row in database.execute(REFRESHING):
            database.execute("select pg_terminate_backend(%s)", [row["pid"]])
    until(lambda: not database.execute("select 1 from pg_stat_activity where application_name = 'maintenance'"))
    [view] = database.execute("select relispopulated from pg_class where relname = 'slow'")
    records = database.execute("select 1 from public.materialized_view_metadata where view_name = 'slow'")
    return (view["relispopulated"], records) == (populated, [])


def converges(suite: Suite, database: TestDatabase) -> Finished:
    """Run as soon as the killed run's sessions let one in."""
    database.execute("update public.pace set seconds = 0")
    give_up = time.monotonic() + 60
    while (run := suite.run("daily", "--no-report", database=database)).code == 3:
        assert time.monotonic() < give_up, run.err
        time.sleep(0.2)
    return run


def made_good(database: TestDatabase, run: Finished) -> bool:
    """Tell whether the run has refreshed the view, and no alert is left."""
    [row] = database.execute("select count(*) as rows from public.slow")
    [record] = database.execute("select * from public.materialized_view_metadata where view_name = 'slow'")
    return (0, "passed", 3, 3, []) == (
        run.code,
        run.outcomes("matviews")["public.slow"],
        row["rows"],
        record["records_processed"],
        database.execute(OPEN_ROWS),
    )


@pytest.mark.parametrize("populated", [True, False], ids=["concurrent", "plain"])
@pytest.mark.parametrize("victim", ["supervisor", "worker"])
def test_a_killed_process_leaves_the_view_to_the_next_run(
    suite: Suite, database: TestDatabase, *, victim: str, populated: bool
) -> None:
    plant(database, populated=populated)
    running, worker, _ = start(suite, database)
    os.kill(running.pid if victim == "supervisor" else worker, signal.SIGKILL)
    hurt = suite.finish(running)
    kept = left_alone(database, populated=populated)
    rows = database.execute(OPEN_ROWS)

    run = converges(suite, database)

    assert kept
    assert hurt.code == (-signal.SIGKILL if victim == "supervisor" else 1)
    assert [True] == [bool(row["details"]["error"]) for row in rows]
    assert made_good(database, run)


@pytest.mark.parametrize("populated", [True, False], ids=["concurrent", "plain"])
def test_a_terminated_backend_is_an_error_and_the_other_views_are_refreshed(
    suite: Suite, database: TestDatabase, *, populated: bool
) -> None:
    plant(database, populated=populated)
    running, _, backend = start(suite, database)
    database.execute("select pg_terminate_backend(%s)", [backend])
    hurt = suite.finish(running)
    kept = left_alone(database, populated=populated)
    outcomes = hurt.outcomes("matviews")

    run = converges(suite, database)

    assert kept
    assert (1, "error") == (hurt.code, outcomes.pop("public.slow"))
    assert {"passed"} == set(outcomes.values())
    assert made_good(database, run)


def test_a_killed_server_leaves_the_view_to_the_next_run(suite: Suite, own_cluster: Cluster) -> None:
    database = own_cluster.create(own_cluster.template("empty"))
    plant(database, populated=True)
    running, _, _ = start(suite, database)
    own_cluster.kill9()
    hurt = suite.finish(running)
    own_cluster.start()
    kept = left_alone(database, populated=True)

    run = converges(suite, database)

    assert kept
    assert 2 == hurt.code
    assert "Traceback" not in hurt.err
    assert made_good(database, run)


def test_a_second_run_is_refused_while_a_view_is_refreshed_and_a_third_has_nothing_to_do(
    suite: Suite, database: TestDatabase
) -> None:
    plant(database, populated=True)
    first, _, backend = start(suite, database)
    second = suite.run("daily", "--no-report", database=database)
    database.execute("select pg_cancel_backend(%s)", [backend])
    hurt = suite.finish(first)

    run = converges(suite, database)
    again = suite.run("daily", "--no-report", database=database)

    assert 3 == second.code
    assert "another run is going on" in second.err
    assert (1, "error") == (hurt.code, hurt.outcomes("matviews")["public.slow"])
    assert made_good(database, run)
    assert {} == again.outcomes("matviews")
