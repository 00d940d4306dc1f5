from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta

import pytest

from steward import Deferred, Inconclusive, TargetError
from steward.database import locks, session
from steward.engine import guard
from tests.fixtures.engine import busy, interrupted, stuck, waiting
from tests.fixtures.running import changed, open_transaction, until
from tests.fixtures.standby import caught_up


def test_window_that_is_over_defers():
    deadline = datetime.now(UTC) - timedelta(milliseconds=1)

    with pytest.raises(Deferred, match=f"^the maintenance window ended at {deadline:%H:%M:%S} UTC$"):
        guard.require_open_window(deadline)


def test_window_that_is_open_and_no_window_let_work_begin(tmp_path):
    guard.require_open_window(datetime.now(UTC) + timedelta(minutes=1), tmp_path / "stop")
    guard.require_open_window(None)


def test_stop_file_defers_with_its_reason(tmp_path):
    stop = tmp_path / "stop"
    stop.write_text("interrupted by SIGTERM")

    with pytest.raises(Deferred, match=r"^interrupted by SIGTERM$"):
        guard.require_open_window(None, stop)


def test_empty_stop_file_is_still_one(tmp_path):
    stop = tmp_path / "stop"
    stop.touch()

    with pytest.raises(Deferred, match=r"^the run is being stopped$"):
        guard.require_open_window(datetime.now(UTC) + timedelta(minutes=1), stop)


def test_heavy_work_is_deferred_while_the_application_is_busy(maintaining, database, settings):
    limited = changed(settings, load={"active_sessions": 1}).profile
    with busy(database, "app", ""), pytest.raises(Deferred) as caught:
        guard.require_low_load(maintaining, limited)

    assert caught.value.reason == "2 sessions of the application are active, over 1"
    assert caught.value.figures["load"]["active_sessions"] == 2


def test_as_many_active_sessions_as_the_limit_are_no_reason(maintaining, database, settings):
    limited = changed(settings, load={"active_sessions": 1}).profile
    with busy(database, "app"):
        guard.require_low_load(maintaining, limited)


def test_maintenance_and_backups_are_no_load(maintaining, database, settings):
    limited = changed(settings, load={"active_sessions": 1}).profile
    with busy(database, "app", "maintenance", "maintenance", "backup"):
        guard.require_low_load(maintaining, limited)


def test_idle_sessions_are_no_load(maintaining, database, settings):
    limited = changed(settings, load={"active_sessions": 1}).profile
    with database.connect() as _, database.connect() as _, database.connect() as other, other.transaction():
        other.execute("select 1")
        guard.require_low_load(maintaining, limited)


def test_processors_that_the_profile_states_lower_the_limit(maintaining, database, settings):
    limited = changed(settings, load={"active_sessions": 16, "per_cpu": 1}, target={"cpus": 1}).profile
    with busy(database, "app", "app"), pytest.raises(Deferred, match=r"over 1$"):
        guard.require_low_load(maintaining, limited)


def test_many_processors_do_not_raise_the_limit(maintaining, database, settings):
    limited = changed(settings, load={"active_sessions": 1, "per_cpu": 2}, target={"cpus": 64}).profile
    with busy(database, "app", "app"), pytest.raises(Deferred, match=r"over 1$"):
        guard.require_low_load(maintaining, limited)


LOCK = "lock table public.rule_sets in access exclusive mode"
READ = "table public.rule_sets"


def few_waiters(settings):
    """More than one waiting session is too many, and activity is no reason."""
    return changed(settings, load={"lock_waiters": 1, "active_sessions": 50}).profile


def test_heavy_work_is_deferred_while_the_application_waits_for_locks(maintaining, database, settings):
    with open_transaction(database, LOCK), stuck(database, READ), pytest.raises(Deferred) as caught:
        guard.require_low_load(maintaining, few_waiters(settings))

    assert caught.value.reason == "2 sessions of the application wait for locks, over 1"
    assert caught.value.figures["load"]["lock_waiters"] == 2


def test_a_prepared_transaction_that_the_application_waits_for_is_a_reason(maintaining, database, settings):
    with database.connect(autocommit=False) as conn:
        conn.execute(LOCK)
        conn.execute("prepare transaction 'forgotten'")
    try:
        with stuck(database, READ), pytest.raises(Deferred, match="wait for locks"):
            guard.require_low_load(maintaining, few_waiters(settings))
    finally:
        database.execute("rollback prepared 'forgotten'")


def test_as_many_waiting_sessions_as_the_limit_are_no_reason(maintaining, database, settings):
    with open_transaction(database, LOCK), stuck(database, READ, count=1):
        guard.require_low_load(maintaining, few_waiters(settings))


def test_who_waits_for_the_run_itself_is_no_load(maintaining, database, settings):
    with session.maintenance(database.target(), settings.profile) as lane:
        locks.join_run(lane)
        with lane.transaction():
            lane.execute(LOCK)
            with stuck(database, READ):
                guard.require_low_load(maintaining, few_waiters(settings))


def test_who_queues_behind_the_run_is_no_load_but_who_made_it_wait_is_seen(maintaining, database, settings):
    with session.maintenance(database.target(), settings.profile) as lane, open_transaction(database, READ):
        locks.join_run(lane)
        lane.autocommit = False
        queued = threading.Thread(target=interrupted, args=(lane, LOCK))
        queued.start()
        try:
            until(lambda: waiting(database, lane.info.backend_pid))
            with stuck(database, READ):
                guard.require_low_load(maintaining, few_waiters(settings))
        finally:
            database.execute("select pg_catalog.pg_terminate_backend(%s)", [lane.info.backend_pid])
            queued.join()


def test_processes_parked_on_an_advisory_lock_are_no_load(maintaining, database, settings):
    leader = "select pg_catalog.pg_advisory_lock(7)"
    with open_transaction(database, leader), stuck(database, leader):
        guard.require_low_load(maintaining, few_waiters(settings))


def test_load_that_cannot_be_seen_is_inconclusive_and_never_none(database, settings):
    database.execute("create role blind login")
    try:
        with session.login(database.target("blind")) as conn, pytest.raises(Inconclusive) as caught:
            guard.require_low_load(conn, settings.profile)
    finally:
        database.execute("drop role blind")

    assert "grant pg_monitor to validahub_system" in caught.value.reason


def test_primary_is_accepted(maintaining, settings):
    guard.require_primary(maintaining, settings.profile, "validahub")


def deferred(conn, profile) -> str | None:
    try:
        guard.require_low_load(conn, profile)
    except Deferred as reason:
        return reason.reason
    return None


def test_standby_is_refused(standby, settings):
    with standby.connect() as conn, pytest.raises(TargetError) as caught:
        guard.require_primary(conn, settings.profile, "validahub")

    assert str(caught.value) == ("validahub: the server is a standby in recovery; name the primary in DATABASE_URL")


def test_standby_that_falls_behind_defers_until_it_has_caught_up(own_cluster, standby, settings):
    slow = changed(settings, lag={"replay": timedelta(milliseconds=200), "size": 1 << 40}).profile
    large = changed(settings, lag={"replay": timedelta(hours=1), "size": 2 << 20}).profile
    with own_cluster.connect() as primary, standby.connect() as replica:
        until(lambda: caught_up(own_cluster))
        until(lambda: deferred(primary, slow) is None)
        before = deferred(primary, large)
        replica.execute("select pg_catalog.pg_wal_replay_pause()")
        until(
            lambda: (
                replica.execute("select pg_catalog.pg_get_wal_replay_pause_state() as it").fetchone()["it"] == "paused"
            )
        )
        for _ in range(5):
            primary.execute("select pg_catalog.pg_logical_emit_message(false, 'test', repeat('x', 1000000))")
        late = until(lambda: deferred(primary, slow))
        behind = until(lambda: deferred(primary, large))
        replica.execute("select pg_catalog.pg_wal_replay_resume()")
        until(lambda: caught_up(own_cluster))

        assert before is None
        assert re.fullmatch(r"a standby lags \d+ s, over 0 s", late)
        assert re.fullmatch(r"a standby or slot is \d MB behind, over 2 MB", behind)
        assert until(lambda: deferred(primary, large) is None)
        assert until(lambda: deferred(primary, slow) is None)


def test_slot_that_nobody_reads_defers_before_it_fills_the_disk(own_cluster, settings):
    profile = changed(settings, lag={"size": 2 << 20}).profile
    with own_cluster.connect() as conn:
        conn.execute("select pg_catalog.pg_create_physical_replication_slot('forgotten', true)")
        before = deferred(conn, profile)
        conn.execute("select pg_catalog.pg_logical_emit_message(false, 'test', repeat('x', 3000000))")

        assert before is None
        assert until(lambda: deferred(conn, profile)) == "a standby or slot is 3 MB behind, over 2 MB"
