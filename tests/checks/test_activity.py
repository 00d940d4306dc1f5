from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from checks import test_activity as runbook
from steward import Inconclusive
from steward.database import session
from tests.fixtures.engine import active, waiting
from tests.fixtures.running import changed, open_transaction, until

NONE = timedelta(0)
HIDDEN = {"hidden_sessions": "activity/hidden_sessions"}
PARTS = {
    "transactions": HIDDEN,
    "prepared": {},
    "locks": HIDDEN | {"waits": "activity/lock_waits"},
    "connections": HIDDEN,
}


@pytest.fixture
def found(checking, settings):
    """What one query of the check finds: ``found(database, "locks", lock_wait=...)``."""

    def ask(database, query, **limits):
        check = checking(database, changed(settings, activity=limits))
        figures = check.settings.profile.activity.model_dump()
        asked = check.run(f"activity_{query}", check.parts(**PARTS[query]), own=session.APPLICATION, **figures)
        return asked.found

    return ask


@contextmanager
def running(conn, statement):
    """A statement that goes on beside the test, and is cancelled at its end."""

    def run():
        with pytest.raises(psycopg.errors.QueryCanceled):
            conn.execute(statement)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield conn.info.backend_pid
    finally:
        conn.cancel()
        thread.join()


def pid(conn) -> int:
    return conn.info.backend_pid


@pytest.mark.parametrize("query", PARTS)
def test_a_healthy_database_is_green(database, found, query):
    assert [] == list(found(database, query))


@pytest.mark.parametrize("query", PARTS)
def test_a_healthy_runbook_item_passes(database, settings, checking, query):
    getattr(runbook, f"test_{query}")(checking(database, settings))


# --- transactions --------------------------------------------------------------------------------


def test_a_session_idle_in_a_transaction_is_found_with_who_it_is_and_what_ends_it(database, settings, checking, found):
    with open_transaction(database, "update public.schema_version set version = 'a secret'") as conn:
        (finding,) = found(database, "transactions", idle_age=NONE)
        with pytest.raises(AssertionError):
            runbook.test_transactions(checking(database, changed(settings, activity={"idle_age": NONE})))

        assert f"someone, pid {pid(conn)}" == finding.object_name
        assert finding.observed.startswith("idle in transaction for 00:00:0")
        assert "idle in a transaction for at most 00:00:00" == finding.expected
        assert finding.detail.startswith("role postgres, transaction open for 00:00:0")
        assert "holds back rows of the last" in finding.detail
        assert f"select pg_catalog.pg_terminate_backend({pid(conn)}), and mend what left it open" == finding.remediation
        assert "secret" not in str(finding)
        assert [] == list(found(database, "transactions"))


def test_a_failed_transaction_that_stays_open_is_found(database, found):
    with database.connect(autocommit=False) as conn:
        with pytest.raises(psycopg.errors.DivisionByZero):
            conn.execute("select 1 / 0")
        (finding,) = found(database, "transactions", idle_age=NONE)

        assert f"unnamed, pid {pid(conn)}" == finding.object_name
        assert finding.observed.startswith("idle in transaction (aborted) for ")


def test_a_statement_that_goes_on_is_found_by_its_transactions_age_alone(database, found):
    with database.connect(application_name="report") as conn, running(conn, "select pg_catalog.pg_sleep(600)"):
        until(lambda: active(database, pid(conn), "pg_sleep"))
        (finding,) = found(database, "transactions", transaction_age=NONE)

        assert f"report, pid {pid(conn)}" == finding.object_name
        assert finding.observed.startswith("active for 00:00:0")
        assert "a transaction of at most 00:00:00" == finding.expected
        assert finding.remediation.startswith(f"select pg_catalog.pg_cancel_backend({pid(conn)})")
        assert [] == list(found(database, "transactions", idle_age=NONE))


def test_the_suites_own_sessions_are_left_out_and_those_that_borrow_its_name_are_not(database, found):
    login = {"user": "validahub_maintenance", "autocommit": False, "application_name": "maintenance"}
    with database.connect(**login) as own, database.connect(**login | {"user": "postgres"}) as other:
        own.execute("select 1")
        other.execute("select 1")
        names = [finding.object_name for finding in found(database, "transactions", idle_age=NONE)]

        assert [f"maintenance, pid {pid(other)}"] == names


def test_idle_sessions_and_other_databases_are_not_found(database, blank, found):
    with database.connect(), open_transaction(blank, "select 1"):
        assert [] == list(found(database, "transactions", idle_age=NONE, transaction_age=NONE))


# --- prepared transactions -----------------------------------------------------------------------


def test_a_forgotten_prepared_transaction_is_found_and_a_young_one_is_not(database, settings, checking, found):
    gid = 'it\'s "one" %s {of} ours'
    with database.connect() as conn:
        conn.execute("begin")
        conn.execute("lock table public.suggestions")
        conn.execute(sql.SQL("prepare transaction {}").format(gid))
        try:
            (finding,) = found(database, "prepared", prepared_age=NONE)
            young = found(database, "prepared")
            with pytest.raises(AssertionError):
                runbook.test_prepared(checking(database, changed(settings, activity={"prepared_age": NONE})))
        finally:
            conn.execute(sql.SQL("rollback prepared {}").format(gid))

    assert gid == finding.object_name
    assert finding.observed.startswith("prepared for 00:00:0")
    assert "committed or rolled back within 00:00:00" == finding.expected
    assert finding.remediation.endswith("or: rollback prepared 'it''s \"one\" %s {of} ours'")
    assert () == young
    assert () == found(database, "prepared", prepared_age=NONE)


# --- locks ---------------------------------------------------------------------------------------


def test_who_blocks_whom_is_told_from_the_root(database, settings, checking, found):
    with (
        open_transaction(database, "lock table public.suggestions") as root,
        open_transaction(database, "lock table public.rule_sets") as middle,
        database.connect(application_name="last") as last,
        running(middle, "lock table public.suggestions in share mode"),
        running(last, "select count(*) from public.rule_sets"),
    ):
        until(lambda: waiting(database, pid(middle)) and waiting(database, pid(last)))
        (finding,) = found(database, "locks", lock_wait=NONE)
        with pytest.raises(AssertionError):
            runbook.test_locks(checking(database, changed(settings, activity={"lock_wait": NONE})))

        assert f"someone, pid {pid(root)}" == finding.object_name
        assert finding.observed.startswith("idle in transaction, blocks 2 sessions, the longest for 00:00:0")
        assert f"someone, pid {pid(middle)} (ShareLock on public.suggestions) behind pid {pid(root)}" in finding.detail
        assert f"last, pid {pid(last)} (AccessShareLock on public.rule_sets) behind pid {pid(middle)}" in finding.detail
        assert f"select pg_catalog.pg_terminate_backend({pid(root)})" == finding.remediation
        assert () == found(database, "locks")


def test_a_blocker_at_work_is_to_be_cancelled(database, found):
    with (
        open_transaction(database, "lock table public.suggestions") as root,
        running(root, "select pg_catalog.pg_sleep(600)"),
        database.connect() as waiter,
        running(waiter, "select count(*) from public.suggestions"),
    ):
        until(lambda: waiting(database, pid(waiter)) and active(database, pid(root), "pg_sleep"))
        (finding,) = found(database, "locks", lock_wait=NONE)

        assert finding.observed.startswith("active, blocks 1 session, ")
        assert f"select pg_catalog.pg_cancel_backend({pid(root)})" == finding.remediation


def test_waiting_behind_a_prepared_transaction_is_found(database, found):
    with database.connect() as conn, database.connect() as waiter:
        conn.execute("begin")
        conn.execute("lock table public.suggestions")
        conn.execute("prepare transaction 'forgotten'")
        try:
            with running(waiter, "select count(*) from public.suggestions"):
                until(lambda: waiting(database, pid(waiter)))
                (finding,) = found(database, "locks", lock_wait=NONE)
        finally:
            conn.execute("rollback prepared 'forgotten'")

    assert "a prepared transaction" == finding.object_name
    assert finding.detail.endswith("behind a prepared transaction")


def test_many_waiters_are_counted_and_five_are_told(database, found):
    with open_transaction(database, "lock table public.suggestions"), _crowd(database, 7) as pids:
        until(lambda: all(waiting(database, pid) for pid in pids))
        (finding,) = found(database, "locks", lock_wait=NONE)

    assert "blocks 7 sessions" in finding.observed
    assert 5 == finding.detail.count("AccessShareLock")
    assert finding.detail.endswith("; and 2 more")


@contextmanager
def _crowd(database, count):
    with database.connect() as conn:
        inner = _crowd(database, count - 1) if count > 1 else contextmanager(lambda: iter([[]]))()
        with running(conn, "select count(*) from public.suggestions") as own, inner as others:
            yield [own, *others]


# --- connections ---------------------------------------------------------------------------------


def test_a_database_near_its_limit_is_found_with_who_takes_them(database, settings, checking, found):
    set_limit = sql.SQL("alter database {} connection limit {}")
    name = sql.Identifier(database.name)
    with (
        database.connect(application_name="api") as one,
        database.connect(application_name="api"),
        database.connect(application_name="50% {x}"),
    ):
        one.execute(set_limit.format(name, 4))
        (finding,) = found(database, "connections")
        one.execute(set_limit.format(name, 40))
        green = found(database, "connections")
        one.execute(set_limit.format(name, 4))
        one.execute("select 1")

        assert ("database", database.name) == (finding.object_type, finding.object_name)
        assert ("4 of 4 connections", "at most 80 % of them") == (finding.observed, finding.expected)
        assert "api 2 (1 idle), 50% {x} 1 (1 idle), maintenance 1 (0 idle)" == finding.detail.replace("2 (2", "2 (1")
        assert f"pool connections, or alter database {database.name} connection limit" == finding.remediation
        assert () == green
    with pytest.raises(AssertionError):
        runbook.test_connections(checking(database, changed(settings, activity={"connections": 0.2})))


def test_a_role_at_its_limit_is_found(database, found):
    name = 'Role "at" 100% of it\'s {limit}'
    role = sql.Identifier(name)
    database.execute(sql.SQL("create role {} login connection limit 2").format(role))
    try:
        with database.connect(name), database.connect(name):
            (finding,) = found(database, "connections")
        free = found(database, "connections")
    finally:
        database.execute(sql.SQL("drop role {}").format(role))

    assert ("role", name, "2 of 2 connections") == (finding.object_type, finding.object_name, finding.observed)
    assert () == free


def test_a_server_that_runs_out_is_found_and_reserved_connections_are_not_counted(database, found):
    rows = database.execute(
        "select sum(case name when 'max_connections' then setting::int else -setting::int end) as most from pg_settings"
        " where name in ('max_connections', 'superuser_reserved_connections', 'reserved_connections')"
    )
    (finding,) = found(database, "connections", connections=0.0)

    assert ("server", "max_connections") == (finding.object_type, finding.object_name)
    assert finding.observed.endswith(f" of {rows[0]['most']} connections")
    assert "maintenance " in finding.detail


# --- a role that sees nothing --------------------------------------------------------------------


@pytest.mark.parametrize("query", ["transactions", "locks", "connections"])
def test_a_role_that_sees_no_sessions_decides_nothing(database, blind, query):
    with pytest.raises(Inconclusive, match="grant pg_monitor to") as caught:
        getattr(runbook, f"test_{query}")(blind(database))

    assert '"Blind ""role"" % {it}"' in caught.value.reason
