from __future__ import annotations

import threading
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from maintenance.test_analyze import test_analyze as runbook
from steward import Busy, Inconclusive, NotNeeded, Planned
from steward.database import inventory
from steward.engine.operation import EXPECTED, PlanContext
from tests.fixtures.running import changed, open_transaction, settled, until

VERSION = "public.schema_version"
HOSTILE = 'Odd "x"; drop table %(a)s.{b} é'


def table(database, name="public.t", rows=1000, options="autovacuum_enabled = on"):
    """An analyzed table of the application's owner with so many rows."""
    parts = {"name": sql.SQL(name), "options": sql.SQL(options), "rows": sql.Literal(rows)}
    for statement in (
        "create table {name} (id int primary key, note text) with ({options})",
        "alter table {name} owner to validahub_owner",
        "insert into {name} select n, repeat('x', 50) from generate_series(1, {rows}) as n",
        "vacuum (analyze) {name}",
    ):
        database.execute(sql.SQL(statement).format(**parts))


def change(database, rows, name="public.t"):
    statement = sql.SQL("update {} set note = note || 'y' where id <= {}")
    database.execute(statement.format(sql.SQL(name), sql.Literal(rows)))


def tree(database):
    """A partitioned table of 1000 rows: half of them in a leaf, half below a partition that is partitioned itself."""
    for statement in (
        "create table public.p (id int not null, kind int not null, note text) partition by list (kind)",
        "create table public.p_leaf partition of public.p for values in (0)",
        "create table public.p_more partition of public.p for values in (1) partition by range (id)",
        "create table public.p_deep partition of public.p_more for values from (0) to (1000000)",
        "alter table public.p owner to validahub_owner",
        "alter table public.p_leaf owner to validahub_owner",
        "alter table public.p_more owner to validahub_owner",
        "alter table public.p_deep owner to validahub_owner",
        "insert into public.p select n, n % 2, 'x' from generate_series(1, 1000) as n",
        "analyze public.p_leaf",
        "analyze public.p_deep",
    ):
        database.execute(statement)


def analyzed(database, settings, running):
    """Analyze all that is due, and return what it was."""
    run = running(database, settings, "analyze")
    for label, due in run.due.items():
        try:
            runbook(due.subject, run.action(label))
        except NotNeeded:
            # Before 18 the server has analyzed the leaves with their parent.
            assert database.cluster.version < 18
    return run.due


@pytest.fixture
def database(database):
    """The test's database, nothing in it to be analyzed yet."""
    database.execute("analyze public.schema_version")
    return database


@pytest.fixture
def impatient(settings):
    return changed(settings, locks={"other": timedelta(milliseconds=300)})


# --- tables: the server's own trigger --------------------------------------------------------------


def test_changes_over_the_servers_own_trigger_are_analyzed(database, settings, running):
    table(database)
    change(database, 160)
    run = running(database, settings, "analyze")

    outcome = run.act("public.t")

    assert "160 rows changed since the last analyze, over 150" == run.due["public.t"].why
    assert (160, 0) == (outcome.before.modified_rows, outcome.after.modified_rows)
    assert outcome.before.last_analyze < outcome.after.last_analyze
    [row] = database.execute("select details from public.maintenance_log where maintenance_type = 'analyze'")
    assert ("done", "public.t") == (row["details"]["status"], row["details"]["object"])


def test_fewer_changes_are_left_alone(database, settings, running):
    table(database)
    change(database, 150)

    assert {} == running(database, settings, "analyze").due


def test_a_second_analyze_finds_nothing(database, settings, running):
    table(database)
    change(database, 400)
    tree(database)

    assert {"public.t", "public.p", "public.p_more"} == set(analyzed(database, settings, running))
    assert {} == running(database, settings, "analyze").due


@pytest.mark.parametrize(
    ("options", "over"),
    [
        ("autovacuum_analyze_threshold = 20, autovacuum_analyze_scale_factor = 0.01", 30),
        ("autovacuum_enabled = off, autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.05", 50),
    ],
)
def test_a_tables_own_trigger_goes_before_the_servers(database, settings, running, options, over):
    table(database, options=options)
    change(database, 100)

    assert (
        f"100 rows changed since the last analyze, over {over}"
        == running(database, settings, "analyze").due["public.t"].why
    )


def test_a_table_that_was_never_analyzed_is_due_once_it_holds_rows(database, settings, running):
    database.execute("create table public.t (id int)")
    database.execute("alter table public.t owner to validahub_owner")
    empty = running(database, settings, "analyze").due
    database.execute("insert into public.t select 1 from generate_series(1, 20)")

    due = analyzed(database, settings, running)

    assert {} == empty
    assert "no analyze of it is known: there was none, or its counters were lost" == due["public.t"].why
    assert {} == running(database, settings, "analyze").due


def test_statistics_that_somebody_took_away_are_made_again(database, settings, running):
    table(database)
    database.execute("delete from pg_statistic where starelid = 'public.t'::regclass")

    due = analyzed(database, settings, running)

    assert "it holds rows, and the planner has no statistics of them" == due["public.t"].why
    assert {} == running(database, settings, "analyze").due


def test_a_table_whose_columns_want_no_statistics_lacks_none(database, settings, running):
    table(database)
    for column in ("id", "note"):
        database.execute(sql.SQL("alter table public.t alter {} set statistics 0").format(sql.Identifier(column)))
    database.execute("delete from pg_statistic where starelid = 'public.t'::regclass")

    assert {} == running(database, settings, "analyze").due


def test_lost_counters_make_due_what_holds_rows(database, settings, running):
    table(database)
    tree(database)
    analyzed(database, settings, running)
    database.execute("select pg_stat_reset()")

    due = analyzed(database, settings, running)

    assert {"public.t", "public.p", "public.p_more", "public.p_leaf", "public.p_deep"} == set(due) - {VERSION}
    assert all("its counters were lost" in due_subject.why for due_subject in due.values())
    assert {} == running(database, settings, "analyze").due


def view(database, ago):
    """A materialized view that was refreshed so long ago."""
    database.execute("create materialized view public.m as select * from public.t")
    database.execute("create unique index on public.m (id)")
    database.execute("alter materialized view public.m owner to validahub_system")
    database.execute(
        "insert into public.materialized_view_metadata (view_name, last_refreshed) values ('m', now() - %s::interval)",
        [ago],
    )


def test_a_materialized_view_that_the_run_will_refresh_is_left_to_that(database, settings, running):
    table(database)
    view(database, "3 days")

    assert "public.m" in running(database, settings, "matviews").due
    assert {} == running(database, settings, "analyze").due


def test_a_materialized_view_goes_by_the_same_trigger(database, settings, running):
    table(database)
    view(database, "1 minute")

    assert {"public.m"} == set(analyzed(database, settings, running))
    assert {} == running(database, settings, "analyze").due


def test_the_suites_own_log_is_left_to_autovacuum(database, settings, running):
    database.execute("insert into public.maintenance_log (maintenance_type, started_at) select 'x', now()")

    assert {} == running(database, settings, "analyze").due


def test_what_autovacuum_did_in_between_is_not_done_again(database, settings, running):
    table(database)
    change(database, 400)
    run = running(database, settings, "analyze")
    database.execute("analyze public.t")
    settled(run.conn)

    with pytest.raises(NotNeeded):
        run.act("public.t")


def test_a_vacuum_before_it_is_seen(database, settings, running):
    table(database)
    database.execute("delete from public.t where id <= 600")
    vacuum = running(database, settings, "vacuum")
    run = running(database, settings, "analyze")
    vacuum.act("public.t")

    outcome = run.act("public.t")

    assert (400, 400) == (outcome.before.rows, outcome.after.rows)
    assert (600, 0) == (outcome.before.modified_rows, outcome.after.modified_rows)


# --- partitioned tables: the suite's own memory ----------------------------------------------------


def test_a_parent_is_analyzed_once_its_leaves_changed_by_the_profiles_ratio(database, settings, running):
    tree(database)
    analyzed(database, settings, running)
    database.execute("update public.p set note = 'y' where kind = 0 and id <= 180")
    quiet = running(database, settings, "analyze").due
    database.execute("update public.p set note = 'y' where kind = 1 and id <= 60")

    run = running(database, settings, "analyze")
    outcome = run.act("public.p")

    assert "public.p" not in quiet
    assert "120 rows changed since the last analyze, over 100" == run.due["public.p"].why
    assert outcome.after.analyses > outcome.before.analyses
    assert (120, 0) == (outcome.before.modified_rows, outcome.after.modified_rows)
    assert "public.p" not in running(database, settings, "analyze").due


def test_what_the_leaves_own_analyze_forgets_still_counts_for_the_parent(database, settings, running):
    tree(database)
    analyzed(database, settings, running)
    for _ in range(3):
        database.execute("update public.p_deep set note = 'y' where id <= 80")
        database.execute("analyze public.p_deep")

    assert "120 rows changed" in running(database, settings, "analyze").due["public.p"].why
    assert "120 rows changed" in running(database, settings, "analyze").due["public.p_more"].why


def test_the_profiles_ratio_decides_for_parents(database, settings, running):
    tree(database)
    analyzed(database, settings, running)
    database.execute("update public.p set note = 'y' where kind = 0 and id <= 180")
    strict = changed(settings, analyze={"modified_ratio": 0.05})

    assert "public.p" not in running(database, settings, "analyze").due
    assert "90 rows changed since the last analyze, over 50" == running(database, strict, "analyze").due["public.p"].why


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("drop table public.p_leaf", 500),
        ("truncate public.p_deep", 500),
        ("create table public.p_new partition of public.p for values in (2)", 0),
    ],
    ids=["gone", "emptied", "new and empty"],
)
def test_leaves_that_come_and_go_are_changes_of_the_parent(database, settings, running, statement, rows):
    tree(database)
    analyzed(database, settings, running)
    database.execute(statement)

    due = running(database, settings, "analyze").due

    assert (rows > 0) == ("public.p" in due)
    assert not rows or f"{rows} rows changed since the last analyze" in due["public.p"].why


def test_a_parents_statistics_are_those_of_the_whole(database, settings, running):
    tree(database)
    analyzed(database, settings, running)

    found = database.execute(
        "select tablename, null_frac from pg_stats where inherited and attname = 'kind' order by tablename"
    )

    assert ["p", "p_more"] == [row["tablename"] for row in found]
    plan = database.execute("explain (format json) select * from public.p where kind in (0, 1)")
    assert 1000 == plan[0]["QUERY PLAN"][0]["Plan"]["Plan Rows"]


def test_a_parents_statement_leaves_its_leaves_alone_where_the_server_can(database, settings, running):
    tree(database)
    leaves = "select relname, analyze_count from pg_stat_user_tables where relname in ('p_leaf', 'p_deep') order by 1"
    before = database.execute(leaves)

    analyzed(database, settings, running)
    after = until(lambda: database.execute(leaves))

    assert (before == after) == (database.cluster.version >= 18)


def test_an_empty_parent_has_nothing_to_sample(database, settings, running):
    run = running(database, settings, "analyze")

    assert "public.correction_logs" in {relation.ident for relation in run.scan.relations}
    assert {} == run.due


def test_a_parent_that_is_gone_is_forgotten(database, settings, running):
    tree(database)
    analyzed(database, settings, running)
    database.execute("drop table public.p_more")
    analyzed(database, settings, running)

    left = database.execute("select relation::regclass::text as name from steward.analyzed")

    assert [{"name": "p"}] == left


# --- refusals, locks, kills --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["public.t", "public.p"])
def test_a_table_of_somebody_else_fails_with_the_grant_that_is_missing(database, settings, running, name):
    table(database)
    change(database, 400)
    tree(database)
    database.execute("create role another_owner")
    try:
        database.execute(sql.SQL("alter table {} owner to another_owner").format(sql.SQL(name)))
        run = running(database, settings, "analyze")

        with pytest.raises(AssertionError) as failed:
            runbook(run.due[name].subject, run.action(name))
    finally:
        database.execute("reassign owned by another_owner to validahub_owner")
        database.execute("drop owned by another_owner")
        database.execute("drop role another_owner")

    grant = f"maintain on table {name}" if database.cluster.version >= 17 else "another_owner"
    assert f"let an administrator run: grant {grant} to validahub_system;" in str(failed.value)
    assert name in running(database, settings, "analyze").due


def test_a_superusers_table_is_given_an_owner_instead_of_the_superuser_granted(database, settings, running):
    table(database)
    change(database, 400)
    database.execute("alter table public.t owner to postgres")
    run = running(database, settings, "analyze")

    with pytest.raises(AssertionError) as failed:
        runbook(run.due["public.t"].subject, run.action("public.t"))

    assert "grant postgres" not in str(failed.value)
    assert ("owner to validahub_owner" in str(failed.value)) == (database.cluster.version < 17)


@pytest.mark.parametrize("name", ["public.t", "public.p"])
def test_a_lock_held_throughout_is_busy_and_names_the_holder(database, impatient, running, name):
    table(database)
    change(database, 400)
    tree(database)
    run = running(database, impatient, "analyze")
    lock = sql.SQL("lock table only {} in share update exclusive mode").format(sql.SQL(name))
    with (
        open_transaction(database, lock) as holder,
        pytest.raises(Busy, match=f"pid {holder.info.backend_pid} .someone, idle in transaction."),
    ):
        run.act(name)

    assert 0 == running(database, impatient, "analyze").act(name).after.modified_rows


def test_an_analyze_killed_in_the_middle_is_done_by_the_next_run(database, settings, running):
    tree(database)
    run = running(database, settings, "analyze")
    ended = []

    def work():
        try:
            ended.append(run.act("public.p"))
        except psycopg.Error as error:
            ended.append(error)

    # The sampling of the parent waits for the leaf that somebody rewrites.
    with open_transaction(database, "lock table public.p_deep in access exclusive mode"):
        thread = threading.Thread(target=work)
        thread.start()
        [row] = until(
            lambda: database.execute(
                "select pid from pg_stat_activity where wait_event_type = 'Lock' and query like '%%analyze%%'"
            )
        )
        database.execute("select pg_terminate_backend(%s)", [row["pid"]])
        thread.join()

    [error] = ended
    assert isinstance(error, psycopg.OperationalError)
    assert [] == database.execute("select from steward.analyzed")
    assert {"public.p", "public.p_more"} <= set(analyzed(database, settings, running))
    assert {} == running(database, settings, "analyze").due


def test_a_table_that_is_gone_needs_nothing(database, settings, running):
    table(database)
    change(database, 400)
    run = running(database, settings, "analyze")
    database.execute("drop table public.t")

    with pytest.raises(NotNeeded, match=r"public\.t is gone"):
        run.act("public.t")


def test_a_server_that_counts_nothing_is_inconclusive(database, settings, running):
    table(database)
    change(database, 400)
    database.execute(sql.SQL("alter database {} set track_counts = off").format(sql.Identifier(database.name)))
    run = running(database, settings, "analyze")

    with pytest.raises(Inconclusive, match="track_counts is off"):
        run.act("public.t")


def test_hostile_names_are_analyzed(database, settings, running):
    ident = sql.Identifier(HOSTILE).as_string(None)
    table(database, ident)
    change(database, 400, ident)
    run = running(database, settings, "analyze")

    assert 0 == run.act(f"public.{ident}").after.modified_rows


# --- plan and targets --------------------------------------------------------------------------------


def test_a_plan_shows_the_statements_and_changes_nothing(database, settings, running):
    table(database)
    change(database, 400)
    tree(database)
    run = running(database, changed(settings, mode="plan"), "analyze")

    for label in ("public.t", "public.p"):
        with pytest.raises(Planned):
            run.act(label)

    parent = 'analyze only "public"."p"' if database.cluster.version >= 18 else 'analyze (skip_locked) "public"."p"'
    assert ['analyze "public"."t"', parent] == run.statements()
    assert [] == database.execute("select from steward.analyzed")


def test_a_plan_reckons_with_what_earlier_phases_will_change(database, settings, running):
    table(database)
    change(database, 100)
    tree(database)
    analyzed(database, settings, running)
    run = running(database, changed(settings, mode="plan"), "analyze")
    oids = {relation.name: relation.oid for relation in run.scan.relations}
    found = inventory.from_json(inventory.to_json(run.scan))
    found.gathered[EXPECTED] = [{"oid": oids["t"], "dead_rows": 60}, {"oid": oids["p_deep"], "dead_rows": 200}]

    due = {span.label: span.why for span in run.operation.examine(PlanContext(run.settings, found)).due}

    assert {
        "public.t": "160 rows changed since the last analyze, over 150, once the earlier phases have run",
        "public.p": "200 rows changed since the last analyze, over 100, once the earlier phases have run",
        "public.p_more": "200 rows changed since the last analyze, over 50, once the earlier phases have run",
        "public.p_deep": "200 rows changed since the last analyze, over 100, once the earlier phases have run",
    } == due


def test_columns_keep_their_own_target(database, settings, running):
    table(database, rows=5000)
    database.execute("alter table public.t alter id set statistics 7")
    change(database, 2000)
    running(database, settings, "analyze").act("public.t")

    [row] = database.execute(
        "select array_length(histogram_bounds, 1) as bounds from pg_stats where tablename = 't' and attname = 'id'"
    )

    assert 8 == row["bounds"]


def test_a_target_for_the_session_is_applied_shown_and_warned_about(database, settings, running):
    table(database, rows=5000)
    change(database, 2000)
    wide = changed(settings, daily={"statistics_target": 500})
    run = running(database, wide, "analyze")
    run.act("public.t")

    [row] = database.execute(
        "select array_length(histogram_bounds, 1) as bounds from pg_stats where tablename = 't' and attname = 'id'"
    )

    assert 501 == row["bounds"]
    assert ["set default_statistics_target = 500", 'analyze "public"."t"'] == run.statements()
    assert () == run.operation.warnings_of(settings)
    assert "daily.statistics_target samples every column for a target of 500" in run.operation.warnings_of(wide)[0]


# --- a crash of the server -----------------------------------------------------------------------------


def test_a_crash_that_forgets_all_counters_makes_vacuum_and_analyze_due(own_cluster, settings, running):
    database = own_cluster.create(own_cluster.template("empty"))
    table(database)
    tree(database)
    analyzed(database, settings, running)
    quiet = running(database, settings, "analyze").due
    database.execute("checkpoint")
    own_cluster.kill9()
    own_cluster.start()

    vacuum, analyze = running(database, settings, "vacuum"), running(database, settings, "analyze")
    for label in vacuum.due:
        vacuum.act(label)
    done = analyzed(database, settings, running)

    assert {} == quiet
    assert {"public.t", "public.p_leaf", "public.p_deep"} <= set(vacuum.due)
    assert {"public.t", "public.p", "public.p_more", "public.p_leaf", "public.p_deep"} <= set(analyze.due)
    assert set(done) == set(analyze.due), "a vacuum before it takes no need of an analyze away"
    assert {} == running(database, settings, "analyze").due


def test_a_parent_of_rows_that_are_all_gone_is_analyzed_once(database, settings, running):
    for statement in (
        "create table public.p (id int not null) partition by list (id)",
        "create table public.p_leaf partition of public.p for values in (0)",
        "alter table public.p owner to validahub_owner",
        "alter table public.p_leaf owner to validahub_owner",
        "insert into public.p select 0 from generate_series(1, 40)",
        "vacuum (analyze) public.p_leaf",
        "delete from public.p",
    ):
        database.execute(statement)
    analyzed(database, settings, running)

    assert {} == running(database, settings, "analyze").due
