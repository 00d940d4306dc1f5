"""Kills in the middle of a rebuild: the next run drops what was left, and rebuilds."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.indexes import bloated, building, index_of, invalid
from tests.fixtures.running import until

if TYPE_CHECKING:
    import subprocess

    from tests.fixtures.database import Cluster, TestDatabase
    from tests.fixtures.suite import Suite

DAILY = ("daily", "-k", "reindex", "--no-report")
WAITS = "waiting for writers before build"


@pytest.fixture
def worn(database: TestDatabase) -> TestDatabase:
    """A database with one bloated index."""
    bloated(database)
    return database


@pytest.fixture
def crashing(own_cluster: Cluster) -> TestDatabase:
    """The same on a server that may be killed."""
    made = own_cluster.create(own_cluster.template("empty"))
    bloated(made)
    return made


def in_a_rebuild(suite: Suite, database: TestDatabase) -> tuple[subprocess.Popen[str], dict[str, Any], Any]:
    """Start a run, and hold its rebuild in the middle by a transaction that it must outwait."""
    holder = database.connect(autocommit=False)
    holder.execute("lock table public.b in row exclusive mode")
    process = suite.start(*DAILY, database=database)
    waits = suite.await_event(process, lambda event: event["event"] == "progress" and event.get("phase") == WAITS)
    return process, waits, holder


def gone(database: TestDatabase) -> bool:
    return not database.execute("select 1 from pg_stat_activity where application_name = 'maintenance'")


def proved(suite: Suite, database: TestDatabase, before: dict[str, Any]) -> None:
    run = suite.run(*DAILY, database=database)
    after = index_of(database, "b_pkey")
    left = run.outcomes("leftovers")

    assert (0, {"public.b_pkey": "passed"}) == (run.code, run.outcomes("reindex")), run.err
    assert {"public.b_pkey_ccnew": "passed"} == left or database.cluster.version < 14
    assert [] == invalid(database)
    assert (True, True) == (after["valid"], after["size"] < before["size"] / 2)

    again = suite.run(*DAILY, database=database)

    assert (0, []) == (again.code, [item for item in again.record["items"] if item["kind"] == "action"])


@pytest.mark.parametrize("victim", ["supervisor", "worker"])
def test_a_kill_in_a_rebuild_is_cleaned_up_by_the_next_run(suite: Suite, worn: TestDatabase, victim: str) -> None:
    before = index_of(worn, "b_pkey")
    process, waits, holder = in_a_rebuild(suite, worn)

    os.kill(process.pid if victim == "supervisor" else waits["pid"], signal.SIGKILL)
    # Before 14 the server does not look for its client while it waits.
    if worn.cluster.version >= 14:
        until(lambda: not building(worn))
    left = invalid(worn)
    holder.close()
    hurt = suite.finish(process)
    until(lambda: gone(worn))

    assert ["b_pkey_ccnew"] == left
    assert hurt.code == (-signal.SIGKILL if victim == "supervisor" else 1)
    proved(suite, worn, before)


def test_a_terminated_backend_in_a_rebuild_is_an_error_and_cleaned_up(suite: Suite, worn: TestDatabase) -> None:
    before = index_of(worn, "b_pkey")
    process, _, holder = in_a_rebuild(suite, worn)

    worn.execute("select pg_terminate_backend(pid) from pg_stat_progress_create_index")
    hurt = suite.finish(process)
    holder.close()

    assert (1, {"public.b_pkey": "error"}) == (hurt.code, hurt.outcomes("reindex"))
    assert ["b_pkey_ccnew"] == invalid(worn)
    proved(suite, worn, before)


def test_a_killed_server_in_a_rebuild(suite: Suite, crashing: TestDatabase) -> None:
    before = index_of(crashing, "b_pkey")
    process, _, holder = in_a_rebuild(suite, crashing)

    # The test's server commits asynchronously, and only what is on disk outlives it.
    crashing.execute("checkpoint")
    crashing.cluster.kill9()
    holder.close()
    hurt = suite.finish(process)
    crashing.cluster.start()

    assert 2 == hurt.code
    assert ["b_pkey_ccnew"] == invalid(crashing)
    proved(suite, crashing, before)


def test_a_signal_in_a_rebuild_defers_it_and_leaves_nothing_behind(suite: Suite, worn: TestDatabase) -> None:
    process, _, holder = in_a_rebuild(suite, worn)

    process.terminate()
    until(lambda: not building(worn))
    holder.close()
    stopped = suite.finish(process)

    assert (5, {"public.b_pkey": "deferred"}) == (stopped.code, stopped.outcomes("reindex"))
    assert "cancelled while it ran" in stopped.record["items"][0]["reason"]
    assert [] == invalid(worn)
