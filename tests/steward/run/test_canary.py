"""The canary feels what the application feels, and whatever befalls it is a figure."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta

import pytest
from psycopg import sql

from steward import profile
from steward.run.canary import Canary
from tests.fixtures.running import until


def _profile(**canary):
    """The development profile with an eager canary."""
    loaded = profile.load("development")
    eager = {"interval": timedelta(milliseconds=5), "timeout": timedelta(seconds=5), **canary}
    return loaded.model_copy(update={"canary": loaded.canary.model_copy(update=eager)})


def _without_tenants(*tables):
    loaded = _profile(tables=tables)
    roles = loaded.roles.model_copy(update=dict.fromkeys(type(loaded.roles).model_fields, ""))
    tenancy = loaded.tenancy.model_copy(update={"tables": (), "setting": ""})
    return loaded.model_copy(update={"roles": roles, "tenancy": tenancy})


def _reads(canary, at_least=5):
    """Wait until the canary has read so often, or has given up."""
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        figures = canary._figures()
        if figures["reads"] - figures["errors"] >= at_least or not canary._thread.is_alive():
            return
        time.sleep(0.01)
    pytest.fail(f"the canary never read: {canary._figures()}")


def _watched(target, profile, during=lambda: None, at_least=5):
    canary = Canary(target, profile)
    canary.start()
    _reads(canary)
    during()
    _reads(canary, canary._figures()["reads"] + at_least)
    return canary.stop()


def test_a_lock_that_stalls_the_application_is_seen_with_its_table_and_time(demo_database):
    def lock():
        with demo_database.connect() as conn, conn.transaction():
            conn.execute("lock table public.suggestions in access exclusive mode")
            # The stall begins with its read, which comes when it comes.
            until(lambda: conn.execute("select 1 from pg_locks where not granted").fetchone())
            time.sleep(0.4)

    figures = _watched(demo_database.target(), _profile(), lock)

    assert figures["max_ms"] >= 350
    assert figures["relation"] == "public.suggestions"
    assert figures["slowest_at"].endswith("Z")
    assert figures["errors"] == 0
    assert figures["p50_ms"] <= figures["p95_ms"] <= figures["p99_ms"] <= figures["max_ms"]


def test_undisturbed_reads_have_no_errors_and_read_rows_of_a_tenant_that_exists(demo_database):
    canary = Canary(demo_database.target(), _profile())

    tenants = canary._tenants()
    known = {row["tenant_id"] for row in demo_database.execute("select distinct tenant_id from public.rule_sets")}
    figures = _watched(demo_database.target(), _profile())

    assert set(tenants) <= known
    assert tenants
    assert figures["errors"] == 0
    assert figures["reason"] is None


def test_old_leaves_are_not_touched_so_that_the_canary_never_waits_for_them(demo_database):
    [oldest, *_] = demo_database.execute(
        "select relname as leaf from pg_class where relname like 'correction_logs_20%' and relkind = 'r' order by 1"
    )
    impatient = _profile(tables=("public.correction_logs",), timeout=timedelta(milliseconds=300))
    with demo_database.connect() as conn, conn.transaction():
        leaf = sql.Identifier("public", oldest["leaf"])
        conn.execute(sql.SQL("lock table {} in access exclusive mode").format(leaf))
        figures = _watched(demo_database.target(), impatient)

    assert figures["reads"] >= 5
    assert figures["errors"] == 0


def test_a_lock_beyond_the_timeout_is_an_error_and_reading_goes_on(demo_database):
    impatient = _profile(tables=("public.suggestions",), timeout=timedelta(milliseconds=100))

    def lock():
        with demo_database.connect() as conn, conn.transaction():
            conn.execute("lock table public.suggestions in access exclusive mode")
            time.sleep(0.3)

    canary = Canary(demo_database.target(), impatient)
    canary.start()
    _reads(canary)
    lock()
    errors = canary._figures()["errors"]
    _reads(canary, canary._figures()["reads"] + 10)
    figures = canary.stop()

    assert errors >= 1
    assert figures["errors"] <= errors + 1
    assert figures["max_ms"] >= 90


def test_a_role_that_is_not_granted_gives_no_figures_but_the_reason(database):
    loaded = _profile()
    roles = loaded.roles.model_copy(update={"application": "validahub_admin"})

    figures = _watched(database.target(), loaded.model_copy(update={"roles": roles}))

    assert figures["reads"] == 0
    assert figures["max_ms"] is None
    assert "validahub_admin" in figures["reason"]


def test_tables_that_the_application_may_not_read_are_named(database):
    figures = _watched(database.target(), _profile(tables=("public.nothing_of_this_name",)))

    assert figures["reads"] == 0
    assert "public.nothing_of_this_name" in figures["reason"]


def test_a_database_without_tenants_is_read_plainly(blank):
    blank.execute('create table "Odd ""name""" (id integer primary key)')

    figures = _watched(blank.target("postgres"), _without_tenants('public."Odd ""name"""'))

    assert figures["reads"] >= 5
    assert figures["errors"] == 0


def test_a_server_that_crashes_and_comes_back_is_read_again(own_cluster):
    found = own_cluster.create()
    found.execute("create table here (id integer)")
    found.execute("checkpoint")  # this server commits asynchronously: a crash would take the table along

    def crash():
        [victim] = found.execute("select pid from pg_stat_activity where backend_type = 'walwriter'")
        os.kill(victim["pid"], signal.SIGKILL)

    canary = Canary(found.target("postgres"), _without_tenants("public.here"))
    canary.start()
    _reads(canary)
    crash()
    _reads(canary, canary._figures()["reads"] + 10)
    figures = canary.stop()

    assert figures["errors"] >= 1
    assert figures["reads"] - figures["errors"] >= 10


def test_no_tables_no_canary(database):
    canary = Canary(database.target(), _profile(tables=()))
    canary.start()

    assert canary.stop() is None


def test_stopping_twice_gives_the_same_figures(database):
    canary = Canary(database.target(), _profile())
    canary.start()
    _reads(canary)

    assert canary.stop() == canary.stop()
