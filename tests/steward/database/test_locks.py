from __future__ import annotations

import signal
import subprocess
import sys
import threading

import psycopg
import pytest
from psycopg import sql

from steward import Busy, LockHeldError, TargetError, profile
from steward.database import locks, session
from steward.record import provenance
from tests.fixtures.engine import active
from tests.fixtures.running import until

PROFILE = profile.load("development")

# What a worker of a run is when its supervisor has been killed: a process that acts and knows nothing of it.
WORKER = """
import sys
from steward import profile
from steward.database import locks, session
from steward.database.target import Target
conn = session.maintenance(Target("database", sys.argv[1], "test"), profile.load("development"))
locks.join_run(conn)
print(conn.info.backend_pid, flush=True)
conn.execute("select pg_catalog.pg_sleep(60)")
"""


@pytest.fixture
def connect(database):
    """Connect as a run does; all are closed at the end."""
    opened = []

    def one():
        opened.append(session.maintenance(database.target(), PROFILE))
        return opened[-1]

    yield one
    for conn in opened:
        conn.close()


@pytest.fixture
def worker(database):
    """A process that acts in a run; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, database.conninfo("validahub_maintenance")],
        cwd=provenance.ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    process.backend = int(process.stdout.readline())
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def background(conn, statement: str) -> tuple[threading.Thread, list[psycopg.Error]]:
    """Run a statement in a thread, and return what became of it."""
    errors: list[psycopg.Error] = []

    def run() -> None:
        try:
            conn.execute(statement)
        except psycopg.Error as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


def test_second_run_is_refused_and_told_who_is_at_work(connect):
    first = connect()
    locks.take_run(first, "validahub")

    with pytest.raises(LockHeldError) as caught:
        locks.take_run(connect(), "validahub")
    line = str(caught.value)

    assert caught.value.exit_code == 3
    assert f"pid {first.info.backend_pid} (maintenance from local, for 00:00:" in line
    assert line.startswith("validahub: another run is going on: ")
    assert "\n" not in line


def test_run_lock_is_free_again_when_its_run_is_over(connect):
    first = connect()
    locks.take_run(first, "validahub")
    first.close()
    second = connect()

    until(lambda: taken(second))


def taken(conn) -> bool:
    try:
        locks.take_run(conn, "validahub")
    except LockHeldError:
        return False
    return True


def test_runs_of_other_databases_do_not_meet(connect, database, cluster):
    locks.take_run(connect(), "validahub")
    other = cluster.create(cluster.template("empty"))
    try:
        with session.maintenance(other.target(), PROFILE) as conn:
            assert taken(conn)
    finally:
        cluster.drop(other)


def test_workers_join_their_own_run(connect):
    supervisor = connect()
    locks.take_run(supervisor, "validahub")
    workers = [connect(), connect()]
    for conn in workers:
        locks.join_run(conn)

    assert sorted(locks.acting_pids(supervisor)) == sorted(conn.info.backend_pid for conn in workers)


def test_worker_whose_supervisor_is_gone_keeps_the_next_run_out_until_its_statement_ends(connect, database, worker):
    supervisor = connect()
    with pytest.raises(LockHeldError, match=f"pid {worker.backend} "):
        locks.take_run(supervisor, "validahub")
    worker.send_signal(signal.SIGKILL)

    assert until(lambda: taken(supervisor))
    assert not database.execute("select from pg_catalog.pg_stat_activity where pid = %s", [worker.backend])


def test_worker_does_not_join_a_run_that_is_just_starting(connect):
    starting = connect()
    starting.execute("select pg_catalog.pg_advisory_lock(%s)", [locks._RUN])

    with pytest.raises(LockHeldError, match="the supervisor of this one has died"):
        locks.join_run(connect())


def test_lane_in_which_another_acts_is_busy_and_says_who_does(connect):
    first, second = connect(), connect()
    pattern = rf"^public\.x: another action is at work on it \(pid {first.info.backend_pid}\)$"
    with locks.lane(first, "public.x"):
        with pytest.raises(Busy, match=pattern), locks.lane(second, "public.x"):
            pytest.fail("two actions in a lane")
        with locks.lane(second, "public.y"):
            pass


def test_lane_is_free_after_an_action_that_failed(connect):
    first, second = connect(), connect()
    with pytest.raises(psycopg.errors.DivisionByZero), locks.lane(first, "public.x"):
        first.execute("select 1 / 0")

    with locks.lane(second, "public.x"):
        pass


def test_lane_is_free_after_the_connection_was_lost(connect):
    first, second = connect(), connect()
    with pytest.raises(psycopg.OperationalError), locks.lane(first, "public.x"):
        first.execute(sql.SQL("reset role; select pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())"))

    assert first.broken
    until(lambda: free(second, "public.x"))


def free(conn, lane: str) -> bool:
    try:
        with locks.lane(conn, lane):
            return True
    except Busy:
        return False


def test_statements_of_the_run_are_cancelled_by_a_login_role_that_is_no_superuser(connect, database):
    supervisor, acting, idle = connect(), connect(), connect()
    locks.take_run(supervisor, "validahub")
    locks.join_run(acting)
    locks.join_run(idle)
    thread, errors = background(acting, "select pg_catalog.pg_sleep(60)")
    until(lambda: active(database, acting.info.backend_pid, "pg_sleep"))
    pids = locks.cancel_acting(supervisor)
    thread.join(timeout=5)

    assert [type(error) for error in errors] == [psycopg.errors.QueryCanceled]
    assert set(pids) == {acting.info.backend_pid, idle.info.backend_pid}
    assert supervisor.execute("select current_user::text as it").fetchone() == {"it": "validahub_system"}


def test_what_does_not_act_for_the_run_is_not_cancelled(connect, database):
    supervisor = connect()
    locks.take_run(supervisor, "validahub")
    with database.connect() as other:
        thread, errors = background(other, "select pg_catalog.pg_sleep(0.5)")
        until(lambda: active(database, other.info.backend_pid, "pg_sleep"))

        assert locks.cancel_acting(supervisor) == []
        thread.join(timeout=5)
        assert errors == []


def oid(database, name: str) -> int:
    return database.execute("select %s::text::regclass::oid::bigint as it", [name])[0]["it"]


def test_holder_of_a_lock_on_the_parent_is_named_for_a_leaf(connect, database):
    tree = "select relid::bigint as leaf from pg_catalog.pg_partition_tree('public.correction_logs') where isleaf"
    leaf = database.execute(tree)[0]["leaf"]
    with database.connect(application_name="nightly report") as holder, holder.transaction():
        holder.execute("lock table only public.correction_logs in access exclusive mode")
        named = locks.blockers(connect(), [leaf])
        pid = holder.info.backend_pid

    assert named.startswith(f"pid {pid} (nightly report, idle in transaction) holds AccessExclusiveLock for 00:00:")


def test_holders_are_named_oldest_first_with_all_their_modes(connect, database):
    relation = oid(database, "public.suggestions")
    with (
        database.connect(application_name="first") as first,
        database.connect(application_name="") as second,
        first.transaction(),
        second.transaction(),
    ):
        first.execute("lock table public.suggestions in access share mode")
        first.execute("lock table public.suggestions in row exclusive mode")
        second.execute("lock table public.suggestions in access share mode")
        pids = first.info.backend_pid, second.info.backend_pid
        named = locks.blockers(connect(), [relation]).split("; ")

    assert f"pid {pids[0]} (first, idle in transaction) holds AccessShareLock, RowExclusiveLock" in named[0]
    assert f"pid {pids[1]} (unnamed, idle in transaction) holds AccessShareLock" in named[1]


def test_holder_of_a_lock_on_a_leaf_is_named_for_the_parent(connect, database):
    tree = "select relid::text as leaf from pg_catalog.pg_partition_tree('public.correction_logs') where isleaf"
    leaf = database.execute(tree)[0]["leaf"]
    with database.connect(application_name="nightly report") as holder, holder.transaction():
        holder.execute(sql.SQL("lock table {} in access share mode").format(sql.SQL(leaf)))
        named = locks.blockers(connect(), [oid(database, "public.correction_logs")])
        pid = holder.info.backend_pid

    assert f"pid {pid} (nightly report, idle in transaction) holds AccessShareLock" in named
    assert f"to end it: select pg_terminate_backend({pid})" in named


def test_prepared_transaction_that_holds_a_lock_is_named_with_what_ends_it(connect, database):
    with database.connect(autocommit=False) as conn:
        conn.execute("lock table public.suggestions in share mode")
        conn.execute("prepare transaction 'left by ''someone'''")
    try:
        named = locks.blockers(connect(), [oid(database, "public.suggestions")])
    finally:
        database.execute("rollback prepared 'left by ''someone'''")

    assert named.startswith("prepared transaction 'left by ''someone''' of postgres holds ShareLock for 00:00:")
    assert named.endswith("(to end it: rollback prepared 'left by ''someone''')")


def test_who_works_is_to_be_cancelled_and_not_terminated(connect, database):
    with database.connect(application_name="report") as holder:
        slow = "select pg_catalog.pg_sleep(60) from public.suggestions right join (select) as t on true"
        thread, _ = background(holder, slow)
        pid = holder.info.backend_pid
        until(lambda: active(database, pid, "pg_sleep"))
        named = locks.blockers(connect(), [oid(database, "public.suggestions")])
        holder.cancel()
        thread.join()

    assert f"pid {pid} (report, active) holds AccessShareLock" in named
    assert f"to stop it: select pg_cancel_backend({pid})" in named


def test_snapshots_are_named_where_they_are_waited_for(connect, database):
    relation = oid(database, "public.suggestions")
    with database.connect(application_name="report", autocommit=False) as holder:
        holder.execute("set transaction isolation level repeatable read")
        holder.execute("select 1")
        named = locks.blockers(connect(), [relation], snapshots=True)

        assert f"pid {holder.info.backend_pid} (report, idle in transaction) holds a snapshot" in named
        assert "report" not in locks.blockers(connect(), [relation])


def test_nobody_is_named_when_nobody_holds_a_lock(connect, database):
    assert locks.blockers(connect(), [oid(database, "public.suggestions")]) == ""
    assert locks.blockers(connect(), []) == ""


def test_direct_connection_is_accepted(connect):
    locks.require_direct(connect(), "validahub")


def test_pooler_is_refused_before_anything_is_locked(pooled):
    with session.login(pooled) as conn, pytest.raises(TargetError, match="goes through a pooler") as caught:
        locks.require_direct(conn, "pooled")

    assert "name the server itself in DATABASE_URL" in str(caught.value)
