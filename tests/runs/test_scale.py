"""A table of ten thousand partitions costs no more queries than one of a hundred, and a run of it ends in good time."""

from __future__ import annotations

import time

import psycopg
import pytest

from steward.actions.registry import OPERATIONS
from steward.database import inventory, session
from steward.engine.check import Check
from steward.engine.operation import GatherContext, PlanContext
from steward.setup import prerequisites
from tests.fixtures.database import own_server
from tests.fixtures.retention import old, with_rules
from tests.fixtures.scale import looks, partitioned

SMALL = 100
# On the newest server; the others show with fewer, still more than their lock table holds, that they answer alike.
LARGE, LARGE_ELSEWHERE = 10_000, 2_000
# Some hundredfold what it takes on an idle machine with two cores: what is quadratic takes longer still.
GENEROUS = 300
RUN_GENEROUS = 600

ROWS = "insert into public.events select now() - interval '1 day' * n, 't_a', n from generate_series(1, 9) as n"

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def server():
    yield from own_server()


@pytest.fixture(scope="module")
def families(server):
    """Databases with a family beside the suite's schema, by the number of its partitions; the small one first."""
    sizes = (SMALL, LARGE if server.version >= 18 else LARGE_ELSEWHERE)
    found = {size: server.create(server.template("empty")) for size in sizes}
    for size, database in found.items():
        partitioned(database.connect, size)
        database.execute(
            "insert into public.events select now() - interval '1 day' * n, 't_a', n from generate_series(1, 9) as n"
        )
    return found


def with_locks(server, locks):
    """Give the lock table room: ``locks`` for one of the sessions that there may be."""
    [row] = server_setting(server)
    if row["setting"] != str(locks):
        with server.connect() as conn:
            conn.execute(f"alter system set max_locks_per_transaction = {locks}")
        server.stop()
        server.start()


def server_setting(server):
    with server.connect() as conn:
        return conn.execute("select setting from pg_settings where name = 'max_locks_per_transaction'").fetchall()


def test_what_the_lock_table_cannot_hold_at_once_is_counted_leaf_by_leaf_and_told(server, families, settings):
    with_locks(server, 10)
    *_, large = families.values()
    ruled = with_rules(settings, {"events": old("public.events")})
    with session.maintenance(large.target(), ruled.profile) as conn:
        scan = inventory.scan(conn, ruled.profile)
        scan.gathered["purge"] = OPERATIONS["purge"].gather(GatherContext(ruled, scan, conn))
        due = OPERATIONS["purge"].examine(PlanContext(ruled, scan)).due
        check = Check(ruled, lambda: conn, scan)
        offenders = check.run("prerequisites_locks", **prerequisites.scope_params(check)).offenders
        with pytest.raises(psycopg.errors.OutOfMemory):
            conn.execute("select count(*) from public.events")

    assert [1] * 9 == [item.subject.due for item in due]
    assert ["public.events"] == [finding.object_name for finding in offenders]


def test_every_look_takes_as_many_queries_as_with_a_hundred_partitions(server, families, settings):
    with_locks(server, 400)
    few, many = (looks(database.target(), settings) for database in families.values())

    assert few.queries == many.queries
    assert few.due == many.due
    assert len(few.queries) > len(OPERATIONS) + 10
    assert many.seconds < GENEROUS


def test_a_daily_run_does_what_is_due_and_the_next_has_nothing_to_do(server, families, suite):
    with_locks(server, 400)
    small, large = families.values()
    started = time.monotonic()
    run = suite.finish(suite.start("daily", "--no-report", database=large), RUN_GENEROUS)
    seconds = time.monotonic() - started
    plan = suite.finish(suite.start("daily", "--plan", "--workers", "1", "--no-report", database=large), RUN_GENEROUS)
    beside = suite.run("daily", "--no-report", database=small)

    assert (0, 0, 0) == (run.code, plan.code, beside.code), run.out
    assert 1 == sum("public.events" in subject for subject in run.outcomes("partitions"))
    assert actions(beside) == actions(run)
    assert [] == actions(plan)
    assert seconds < RUN_GENEROUS


def actions(run):
    """What a run did, by action and object; before 18 a parent's turn may have taken a leaf along before its own."""
    done = [item for item in run.record["items"] if item["kind"] == "action"]
    assert {"passed", "not needed"} >= {item["outcome"] for item in done}
    return sorted((item["name"], item["subject"]) for item in done)
