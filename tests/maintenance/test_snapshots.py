from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from maintenance.test_snapshots import test_snapshots as runbook
from steward import Inconclusive, NotNeeded, Planned
from tests.fixtures.hostile import SCHEMA
from tests.fixtures.running import changed, open_transaction

HISTORIES = ("relation_size", "database_counters", "table_counters", "index_counters", "statement_counters")


def rows(database, history):
    return database.execute(sql.SQL("select * from steward.{} order by taken_at").format(sql.Identifier(history)))


def counts(database):
    return {history: len(rows(database, history)) for history in HISTORIES}


def workload(database, calls=3, role="validahub_app"):
    """Statements of the application, with something in them that no record may hold."""
    with database.connect() as conn:
        conn.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        for _ in range(calls):
            conn.execute("select count(*), 'secret-value' from pg_class where relname <> 'another-secret'")


# --- what is recorded ----------------------------------------------------------------------------------


def test_a_snapshot_holds_sizes_counters_and_statements(database, settings, running):
    workload(database)
    run = running(database, settings, "snapshots")

    outcome = run.act("database")

    assert "there is no snapshot yet" == run.due["database"].why
    assert (None, 0) == (outcome.before.taken_at, outcome.before.sizes)
    assert min(outcome.after.sizes, outcome.after.tables, outcome.after.indexes, outcome.after.statements) > 0
    assert 1 == len({row["taken_at"] for history in HISTORIES for row in rows(database, history)})


def test_a_second_snapshot_is_not_due_until_its_time(database, settings, running):
    first = running(database, settings, "snapshots")
    runbook(first.due["database"].subject, first.action("database"))
    second = running(database, settings, "snapshots")
    for history in HISTORIES:
        database.execute(
            sql.SQL("update steward.{} set taken_at = taken_at - interval '61 minutes'").format(sql.Identifier(history))
        )

    third = running(database, settings, "snapshots")
    runbook(third.due["database"].subject, third.action("database"))

    assert ({}, 1) == (second.due, second.examine().count)
    assert "one is due every 1:00:00" in third.due["database"].why
    assert 2 == counts(database)["database_counters"]


def test_one_that_somebody_took_in_between_is_enough(database, settings, running):
    first, second = (running(database, settings, "snapshots") for _ in range(2))
    first.act("database")

    with pytest.raises(NotNeeded):
        second.act("database")


def test_a_family_is_one_row_with_its_leaves_added_up(database, taken):
    for statement in (
        "create table public.p (id int not null, note text) partition by range (id)",
        "create index p_note on public.p (note)",
        "create table public.p_1 partition of public.p for values from (0) to (10)",
        "create table public.p_2 partition of public.p for values from (10) to (20) partition by range (id)",
        "create table public.p_3 partition of public.p_2 for values from (10) to (20)",
        "create index p_3_own on public.p_3 (id)",
        "alter table public.p owner to validahub_owner",
        "insert into public.p select n, 'x' from generate_series(0, 19) as n",
        "delete from public.p where id in (1, 11)",
    ):
        database.execute(statement)
    with database.connect() as conn:
        conn.execute("set enable_seqscan = off")
        for leaf in ("p_1", "p_3"):
            conn.execute(sql.SQL("select * from {} where note = 'y'").format(sql.Identifier(leaf)))
    taken(database)

    [table] = [row for row in rows(database, "table_counters") if row["relation"].startswith("public.p")]
    [index] = [row for row in rows(database, "index_counters") if row["index"].startswith("public.p_")]

    assert ("public.p", 2) == (table["relation"], table["leaves"])
    assert (20, 2, 18, 2) == tuple(table[key] for key in ("inserted_rows", "deleted_rows", "live_rows", "dead_rows"))
    assert ("public.p_note", "public.p", 2, 2) == tuple(index[key] for key in ("index", "relation", "parts", "scans"))


def test_statements_are_numbers_and_never_texts(database, taken):
    workload(database)
    taken(database)

    columns = {column for row in rows(database, "statement_counters") for column in row}
    [own] = database.execute("""
        select sum(s.calls) as calls, sum(k.calls) as known
        from pg_stat_statements as s join steward.statement_counters as k using (queryid)
        where s.query like '%pg_class where relname <>%' and s.userid = 'validahub_app'::regrole
            and s.dbid = (select oid from pg_database where datname = current_database())
    """)

    assert not {"query", "text"} & columns
    assert (3, 3) == (own["calls"], own["known"])
    assert "secret" not in str([rows(database, history) for history in HISTORIES])


def test_what_maintenance_ran_is_no_workload(database, taken):
    workload(database, role="validahub_system")
    taken(database)

    known = database.execute("""
        select s.queryid from pg_stat_statements as s join steward.statement_counters as k using (queryid)
        where s.userid = 'validahub_system'::regrole and s.query like '%pg_class where relname <>%'
    """)

    assert [] == known


def test_one_statement_of_two_users_is_one_with_its_deviation_pooled(database, taken):
    for role in ("validahub_app", "validahub_analytics"):
        workload(database, calls=5, role=role)
    taken(database)

    [row] = database.execute("""
        select k.calls, k.total_time, k.mean_time, k.stddev_time, k.min_time, k.max_time,
            sqrt(sum(s.calls * (s.stddev_exec_time ^ 2 + s.mean_exec_time ^ 2)) / 10 - k.mean_time ^ 2) as pooled
        from steward.statement_counters as k join pg_stat_statements as s using (queryid)
        where s.query like '%pg_class where relname <>%'
            and s.dbid = (select oid from pg_database where datname = current_database())
        group by k.queryid, k.toplevel, k.taken_at
    """)

    assert 10 == row["calls"]
    assert row["total_time"] / 10 == pytest.approx(row["mean_time"])
    assert row["min_time"] <= row["mean_time"] <= row["max_time"]
    assert row["pooled"] == pytest.approx(row["stddev_time"])


def test_only_the_costliest_statements_are_kept(database, settings, taken):
    workload(database)
    few = taken(database, run_settings=changed(settings, snapshots={"top_statements": 2}))

    assert 2 == few.after.statements


def test_old_rows_are_forgotten_each_kind_after_its_own_time(database, settings, taken):
    workload(database)
    taken(database)
    database.execute("update steward.relation_size set taken_at = now() - interval '401 days'")
    for history in HISTORIES[1:4]:
        database.execute(
            sql.SQL("update steward.{} set taken_at = now() - interval '99 days'").format(sql.Identifier(history))
        )
    database.execute("update steward.statement_counters set taken_at = now() - interval '36 days'")
    before = counts(database)
    taken(database)

    [oldest] = database.execute("""
        select (select count(*) from steward.relation_size where taken_at < now() - interval '1 hour') as sizes,
            (select count(*) from steward.database_counters where taken_at < now() - interval '1 hour') as counters,
            (select count(*) from steward.statement_counters where taken_at < now() - interval '1 hour') as statements
    """)

    assert all(before.values())
    assert {"sizes": 0, "counters": 1, "statements": 0} == oldest
    taken(database, run_settings=changed(settings, snapshots={"counters": "98 days"}))
    assert not [
        row for row in rows(database, "table_counters") if row["taken_at"] < rows(database, HISTORIES[0])[0]["taken_at"]
    ]


def test_growth_is_measured_from_them_a_day_later(database, taken):
    taken(database)
    database.execute("update steward.relation_size set taken_at = taken_at - interval '2 days'")

    rates = {row["growth_rate_mb_per_day"] for row in database.execute("select * from monitor_storage_growth()")}

    assert {0} == rates


# --- counters that begin anew ---------------------------------------------------------------------------


def test_counters_that_somebody_has_reset_are_told(database, taken):
    first, second = taken(database), taken(database)
    database.execute("select pg_stat_reset()")
    third, fourth = taken(database), taken(database)

    assert [False, False, True, False] == [outcome.figures["begun_anew"] for outcome in (first, second, third, fourth)]


def test_a_crash_that_forgets_all_counters_is_told(own_cluster, settings, taken):
    database = own_cluster.create(own_cluster.template("empty"))
    own_cluster.stop()
    own_cluster.start()
    taken(database)
    own_cluster.stop()
    own_cluster.start()
    after_restart = taken(database)
    # The test's server commits asynchronously: what it had just said would be lost with it.
    database.execute("checkpoint")
    own_cluster.kill9()
    own_cluster.start()
    after_crash = taken(database)

    assert [False, True] == [outcome.figures["begun_anew"] for outcome in (after_restart, after_crash)]
    assert [False, False, True] == [row["begun_anew"] for row in rows(database, "database_counters")]


# --- refusals, kills, plan ------------------------------------------------------------------------------


def test_without_the_extension_all_else_is_recorded_and_the_item_says_so(database, settings, running):
    database.execute("drop extension pg_stat_statements")
    run = running(database, settings, "snapshots")

    with pytest.raises(
        Inconclusive, match=r"but the statements: the extension pg_stat_statements is not in the database"
    ):
        run.act("database")

    assert (1, 0) == tuple(counts(database)[history] for history in ("database_counters", "statement_counters"))


def test_a_profile_that_does_without_statements_takes_the_rest(database, settings, running):
    database.execute("drop extension pg_stat_statements")
    run = running(database, changed(settings, extensions={"required": ()}), "snapshots")

    outcome = run.act("database")

    assert (0, True) == (outcome.after.statements, outcome.after.tables > 0)
    assert "is not in the database" in outcome.figures["undecided"]


def test_the_extension_is_found_in_any_schema(database, taken):
    database.execute('create schema "Odd %s {x}"')
    database.execute('grant usage on schema "Odd %s {x}" to public')
    database.execute('alter extension pg_stat_statements set schema "Odd %s {x}"')
    workload(database)

    assert taken(database).after.statements > 0


def test_hostile_names_are_recorded(hostile_database, taken):
    taken(hostile_database)

    known = {row["relation"] for row in rows(hostile_database, "table_counters")}
    schema = sql.Identifier(SCHEMA).as_string(None)

    assert {f'{schema}."o\'brien"', f'{schema}."100%s {{braces}}"'} <= known


def test_a_table_that_somebody_has_locked_stops_nothing(database, settings, taken):
    with open_transaction(database, "lock table public.suggestions in access exclusive mode"):
        outcome = taken(database)

    assert "public.suggestions" in {row["relation"] for row in rows(database, "relation_size")}
    assert outcome.after.tables > 0


def test_a_snapshot_killed_in_the_middle_leaves_none_and_the_next_run_takes_it(database, settings, running):
    run = running(database, settings, "snapshots")
    database.execute(
        "create function public.cut() returns trigger language plpgsql security definer as"
        " $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$"
    )
    database.execute(
        "create trigger cut after insert on steward.index_counters for each statement execute function public.cut()"
    )

    with pytest.raises(psycopg.OperationalError):
        run.act("database")

    database.execute("drop trigger cut on steward.index_counters")
    assert dict.fromkeys(HISTORIES, 0) == counts(database)
    assert running(database, settings, "snapshots").act("database").after.tables > 0


def test_a_plan_shows_the_statements_and_changes_nothing(database, settings, running):
    run = running(database, changed(settings, mode="plan"), "snapshots")

    with pytest.raises(Planned):
        run.act("database")

    assert 10 == len(run.statements())
    assert dict.fromkeys(HISTORIES, 0) == counts(database)


def test_the_number_of_statements_does_not_depend_on_the_partitions(database, settings, running):
    with database.connect() as conn:
        conn.execute("create table public.p (id int not null, note text) partition by range (id)")
        conn.execute("create index on public.p (note)")
        for n in range(200):
            leaf = sql.SQL("create table {} partition of public.p for values from ({}) to ({})")
            conn.execute(leaf.format(sql.Identifier(f"p_{n}"), n, n + 1))
        conn.execute("alter table public.p owner to validahub_owner")
    run = running(database, settings, "snapshots")
    run.act("database")

    assert 10 == len(run.statements())
    assert 1 == len([row for row in rows(database, "table_counters") if row["relation"].startswith("public.p")])
    assert 1 == len([row for row in rows(database, "index_counters") if row["relation"].startswith("public.p")])
