from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from maintenance.test_vacuum import test_vacuum as runbook
from steward import Busy, Deferred, NotNeeded, Planned
from steward.engine.executor import Executor, RunSettings
from steward.profile import PartitionFamily
from tests.fixtures.engine import busy, stuck
from tests.fixtures.running import changed, open_transaction, settled, until

HOSTILE = 'Odd "x"; drop table %(a)s.{b} é'


def table(database, name="public.t", rows=1000, dead=0, options="autovacuum_enabled = on"):
    """A table of the application's owner with so many rows, some of them dead, all counted."""
    parts = {"name": sql.SQL(name), "options": sql.SQL(options)}
    for statement in (
        "create table {name} (id int primary key, note text) with ({options})",
        "alter table {name} owner to validahub_owner",
        "insert into {name} select n, repeat('x', 50) from generate_series(1, {rows}) as n",
        "vacuum (analyze) {name}",
        "delete from {name} where id <= {dead}",
    ):
        database.execute(sql.SQL(statement).format(rows=sql.Literal(rows), dead=sql.Literal(dead), **parts))


@pytest.fixture
def impatient(settings):
    return changed(settings, locks={"other": timedelta(milliseconds=300)})


def test_dead_rows_over_the_servers_own_trigger_are_reclaimed(database, settings, running):
    table(database, dead=400)
    run = running(database, settings, "vacuum")

    outcome = run.act("public.t")

    assert "400 dead rows, over 250" == run.due["public.t"].why
    assert (400, 0) == (outcome.before.dead_rows, outcome.after.dead_rows)
    assert outcome.before.last_vacuum < outcome.after.last_vacuum
    [row] = database.execute("select details from public.maintenance_log where maintenance_type = 'vacuum'")
    assert ("done", "public.t") == (row["details"]["status"], row["details"]["object"])


def test_a_second_vacuum_finds_nothing(database, settings, running):
    table(database, dead=400)
    first = running(database, settings, "vacuum")
    for label in first.due:
        runbook(first.due[label].subject, first.action(label))

    assert {} == running(database, settings, "vacuum").due


def test_fewer_dead_rows_than_any_trigger_are_left_alone(database, settings, running):
    table(database, dead=240)

    assert "public.t" not in running(database, settings, "vacuum").due


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("autovacuum_vacuum_threshold = 20, autovacuum_vacuum_scale_factor = 0.01", "100 dead rows, over 30"),
        ("autovacuum_enabled = off, autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0.05", "over 50"),
    ],
)
def test_a_tables_own_trigger_goes_before_the_servers(database, settings, running, options, why):
    table(database, dead=100, options=options)

    assert why in running(database, settings, "vacuum").due["public.t"].why


def test_the_profiles_ratio_makes_due_what_the_server_would_leave(database, settings, running):
    table(database, rows=5000, dead=600)
    strict, lax = settings, changed(settings, vacuum={"dead_ratio": 0.5})

    assert "600 dead rows, over 499" == running(database, strict, "vacuum").due["public.t"].why
    assert "public.t" not in running(database, lax, "vacuum").due


def test_inserted_rows_are_a_reason_and_can_be_none(database, settings, running):
    little = "autovacuum_vacuum_insert_threshold = {}, autovacuum_vacuum_insert_scale_factor = 0"
    for name, threshold in (("public.t", 10), ("public.u", -1)):
        table(database, name, options=little.format(threshold))
        database.execute(sql.SQL("insert into {} select n from generate_series(2001, 2100) as n").format(sql.SQL(name)))
    run = running(database, settings, "vacuum")

    # A server that counts late counts the rows from before the vacuum as well.
    assert run.due["public.t"].why.endswith("00 rows inserted since the last vacuum, over 10")
    assert "public.u" not in run.due


def test_an_old_table_is_frozen_and_its_age_falls(database, settings, running):
    table(database)
    for _ in range(30):
        database.execute("select pg_current_xact_id()")
    run = running(database, changed(settings, vacuum={"freeze_age": 25}), "vacuum")

    outcome = run.act("public.t")

    assert re.fullmatch(r"\d+ transactions old, over 25", run.due["public.t"].why)
    assert outcome.before.xid_age > 25 >= outcome.after.xid_age
    assert "freeze true" in run.statements()[-1]


def of_events(run):
    """What is due of the test's own table: on 13 others are, which nobody has vacuumed yet."""
    return {label: due for label, due in run.due.items() if label.startswith("public.events")}


def closed_month(database):
    database.execute("create table public.events (at timestamptz, note text) partition by range (at)")
    database.execute(
        "create table public.events_2020_01 partition of public.events for values from ('2020-01-01') to ('2020-02-01')"
    )
    database.execute("alter table public.events owner to validahub_owner")
    database.execute("alter table public.events_2020_01 owner to validahub_owner")
    database.execute("insert into public.events select '2020-01-05' from generate_series(1, 100)")
    # The test's server commits asynchronously, and only what is on disk counts as visible to all.
    database.execute("checkpoint")
    database.execute("analyze public.events_2020_01")


def test_a_closed_month_is_frozen_once(database, settings, running):
    closed_month(database)
    run = running(database, settings, "vacuum")

    runbook(run.due["public.events_2020_01"].subject, run.action("public.events_2020_01"))

    assert "its period is over and not all of it is frozen" == run.due["public.events_2020_01"].why
    assert {} == of_events(running(database, settings, "vacuum"))
    [table] = [
        relation
        for relation in running(database, settings, "vacuum").scan.relations
        if relation.name == "events_2020_01"
    ]
    assert table.all_frozen_pages in {1, None}


def test_a_closed_month_that_counts_since_1970_is_frozen_too(database, settings, running):
    database.execute("create table public.events (at bigint, note text) partition by range (at)")
    database.execute(
        "create table public.events_1 partition of public.events for values from (1577836800) to (1580515200)"
    )
    for name in ("events", "events_1"):
        database.execute(f"alter table public.{name} owner to validahub_owner")
    database.execute("insert into public.events select 1577836800 from generate_series(1, 100)")
    database.execute("checkpoint")
    database.execute("analyze public.events_1")
    counted = {"public.events": PartitionFamily(epoch="seconds")}

    assert {} == of_events(running(database, settings, "vacuum"))
    due = of_events(running(database, changed(settings, partitions={"families": counted}), "vacuum"))
    assert ["its period is over and not all of it is frozen"] == [due_subject.why for due_subject in due.values()]


def test_a_closed_month_is_left_alone_where_the_profile_says_so(database, settings, running):
    closed_month(database)

    assert {} == of_events(running(database, changed(settings, vacuum={"closed_partitions": False}), "vacuum"))


def test_a_month_that_goes_on_and_an_empty_one_are_not_frozen(database, settings, running):
    database.execute(
        "insert into public.correction_logs (tenant_id, job_id, record_number, field_name, rule_id, correction_type,"
        " correction_method, created_by) select 't_a', gen_random_uuid(), 1, 'f', 'r', 'c', 'manual', 'u'"
    )

    assert not [label for label in running(database, settings, "vacuum").due if "correction_logs" in label]


def test_a_table_whose_counters_were_lost_is_due_until_it_is_counted_again(database, settings, running):
    table(database, dead=10)
    database.execute("select pg_stat_reset()")
    run = running(database, settings, "vacuum")

    assert "its counters were lost, so its dead rows are unknown" == run.due["public.t"].why

    run.act("public.t")

    assert "public.t" not in running(database, settings, "vacuum").due


@pytest.fixture
def aged(database):
    """A table past the age at which the server itself would force a vacuum; the least that it accepts is 100,000."""
    table(database, options="autovacuum_freeze_max_age = 100000")
    with database.connect() as conn:
        conn.execute(
            "do 'begin for i in 1..100100 loop perform pg_catalog.pg_current_xact_id(); commit; end loop; end'"
        )


@pytest.fixture(params=["active sessions", "lock waiters", "lag"])
def burdened(request, database, settings):
    """A profile that the server as it is now does not meet."""
    if request.param == "lag":
        with database.connect() as conn:
            conn.execute("select pg_catalog.pg_create_physical_replication_slot('forgotten', true)")
            try:
                conn.execute("select pg_catalog.pg_logical_emit_message(false, 'test', repeat('x', 1000000))")
                yield changed(settings, lag={"size": 1})
            finally:
                conn.execute("select pg_catalog.pg_drop_replication_slot('forgotten')")
    elif request.param == "lock waiters":
        lock = "lock table public.rule_sets in access exclusive mode"
        with open_transaction(database, lock), stuck(database, "table public.rule_sets"):
            yield changed(settings, load={"lock_waiters": 1, "active_sessions": 50})
    else:
        with busy(database, "app", "app"):
            yield changed(settings, load={"active_sessions": 1})


def test_a_vacuum_against_wraparound_is_not_deferred_for_load(database, aged, burdened, running):
    table(database, "public.plain", dead=400)
    run = running(database, burdened, "vacuum")

    with pytest.raises(Deferred, match=r"are active|wait for locks|behind"):
        run.act("public.plain")
    outcome = run.act("public.t")

    assert run.due["public.t"].subject.urgent
    assert outcome.after.xid_age < 100000


def test_a_vacuum_against_wraparound_does_not_begin_after_the_window(database, aged, settings, running):
    over = RunSettings(settings.profile, settings.schedule, deadline=datetime.now(UTC))
    run = running(database, over, "vacuum")

    with pytest.raises(Deferred, match="the maintenance window ended"):
        run.act("public.t")


def test_an_old_snapshot_fails_the_item_and_is_named(database, settings, running):
    table(database)
    with open_transaction(database, "set transaction isolation level repeatable read", "select 1") as holder:
        database.execute("delete from public.t where id <= 400")
        run = running(database, settings, "vacuum")

        with pytest.raises(AssertionError, match=rf"rows are held back for [\d:]+ by pid {holder.info.backend_pid} "):
            runbook(run.due["public.t"].subject, run.action("public.t"))


def test_a_prepared_transaction_that_holds_rows_is_named(database, settings, running):
    table(database)
    with database.connect(autocommit=False) as conn:
        conn.execute("create table public.unborn ()")
        conn.execute("prepare transaction 'left by ''someone'''")
    try:
        database.execute("delete from public.t where id <= 400")

        after = running(database, settings, "vacuum").act("public.t").after
    finally:
        database.execute("rollback prepared 'left by ''someone'''")

    assert 400 == after.dead_rows
    assert "prepared transaction 'left by ''someone''' of postgres" in after.horizon


def test_a_closed_month_is_due_again_where_an_old_transaction_may_have_kept_rows(database, settings, running):
    closed_month(database)
    hasty = changed(settings, wraparound={"horizon_age": timedelta(0)})
    with open_transaction(database, "set transaction isolation level repeatable read", "select 1"):
        figures = running(database, hasty, "vacuum").act("public.events_2020_01").figures

    assert "frozen_oid" not in figures


def test_a_lock_held_throughout_is_busy_and_names_the_holder(database, impatient, running):
    table(database, dead=400)
    run = running(database, impatient, "vacuum")
    with (
        open_transaction(database, "lock table public.t in share update exclusive mode") as holder,
        pytest.raises(Busy, match=f"pid {holder.info.backend_pid} .someone, idle in transaction."),
    ):
        run.act("public.t")

    assert 0 == running(database, impatient, "vacuum").act("public.t").after.dead_rows


def test_a_table_locked_exclusively_does_not_stop_the_scan(database, impatient, running):
    table(database, dead=400)
    with open_transaction(database, "lock table public.t in access exclusive mode"):
        run = running(database, impatient, "vacuum")

        assert "public.t" in run.due
        with pytest.raises(Busy, match="someone"):
            run.act("public.t")


def slowly(run):
    """Vacuum so slowly that a test can come in between."""
    run.conn.execute("set vacuum_cost_delay = '100ms'")
    run.conn.execute("set vacuum_cost_limit = 1")
    ended = []

    def work():
        try:
            ended.append(run.act("public.t"))
        except psycopg.Error as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, ended


def vacuuming(database):
    return database.execute("select pid from pg_stat_progress_vacuum where relid = 'public.t'::regclass")


def test_a_vacuum_killed_in_the_middle_is_done_by_the_next_run(database, settings, running):
    table(database, rows=5000, dead=2000)
    thread, ended = slowly(running(database, settings, "vacuum"))
    [row] = until(lambda: vacuuming(database))
    database.execute("select pg_terminate_backend(%s)", [row["pid"]])
    thread.join()

    [error] = ended
    assert isinstance(error, psycopg.OperationalError)
    assert [] == database.execute("select 1 from public.maintenance_log where maintenance_type = 'vacuum'")
    assert 0 == running(database, settings, "vacuum").act("public.t").after.dead_rows


def test_a_table_that_somebody_else_vacuums_is_busy(database, settings, running):
    table(database, rows=5000, dead=2000)
    run = running(database, settings, "vacuum")
    thread, _ = slowly(run)
    [row] = until(lambda: vacuuming(database))
    other = running(database, settings, "vacuum")
    item = other.due["public.t"].subject

    with pytest.raises(Busy, match=f"pid {row['pid']} .maintenance. has been vacuuming it for"):
        other.operation(work_of(other), item).execute()

    database.execute("select pg_cancel_backend(%s)", [row["pid"]])
    thread.join()


def work_of(run):
    return Executor(run.conn, run.settings, "test")


def test_what_autovacuum_did_in_between_is_not_done_again(database, settings, running):
    table(database, dead=400)
    run = running(database, settings, "vacuum")
    database.execute("vacuum public.t")
    settled(run.conn)

    with pytest.raises(NotNeeded):
        run.act("public.t")


def test_a_table_that_is_gone_needs_nothing(database, settings, running):
    table(database, dead=400)
    run = running(database, settings, "vacuum")
    database.execute("drop table public.t")

    with pytest.raises(NotNeeded, match=r"public\.t is gone"):
        run.act("public.t")


def test_a_table_of_somebody_else_fails_with_what_the_server_said(database, settings, running):
    table(database, dead=400)
    database.execute("alter table public.t owner to postgres")
    run = running(database, settings, "vacuum")

    with pytest.raises(AssertionError, match=r"permission denied to vacuum|only table or database owner can vacuum"):
        runbook(run.due["public.t"].subject, run.action("public.t"))


def test_a_closed_month_that_the_server_skipped_is_not_remembered_as_frozen(database, settings, running):
    closed_month(database)
    database.execute("alter table public.events_2020_01 owner to postgres")
    run = running(database, settings, "vacuum")

    outcome = run.act("public.events_2020_01")

    assert "" != outcome.figures["warnings"]
    assert "public.events_2020_01" in running(database, settings, "vacuum").due


def test_hostile_names_are_vacuumed(database, settings, running):
    ident = sql.Identifier(HOSTILE).as_string(None)
    table(database, ident, dead=400)
    run = running(database, settings, "vacuum")

    assert 0 == run.act(f"public.{ident}").after.dead_rows


def test_a_plan_shows_the_statement_and_changes_nothing(database, settings, running):
    table(database, dead=400)
    run = running(database, changed(settings, mode="plan"), "vacuum")

    with pytest.raises(Planned):
        run.act("public.t")

    [statement] = run.statements()
    assert re.fullmatch(
        r"vacuum \(freeze false, truncate false, (skip_database_stats true, )?parallel 1\) \"public\".\"t\"", statement
    )
    assert 400 == database.execute("select n_dead_tup from pg_stat_user_tables where relname = 't'")[0]["n_dead_tup"]


def test_partitioned_parents_are_not_vacuumed_but_their_leaves_and_matviews_are_looked_at(database, settings, running):
    run = running(database, settings, "vacuum")
    kinds = [relation.kind for relation in run.scan.relations]

    assert len(kinds) - kinds.count("p") == run.examine().count
