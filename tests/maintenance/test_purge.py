from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from steward import Busy, Deferred, NotNeeded, Planned, PrerequisiteError, ProfileError
from steward.engine.executor import RunSettings
from steward.retention.legal_holds import RefusalError
from tests.fixtures.retention import old, rule, shop, suggest, with_locks, with_profile, with_rules
from tests.fixtures.running import until

ROOT = Path(__file__).resolve().parent.parent.parent
SUGGESTIONS = "public.suggestions expired_suggestions"


def count(database, table):
    return database.execute(sql.SQL("select count(*) as count from {}").format(sql.SQL(table)))[0]["count"]


@pytest.fixture
def impatient(settings):
    """Settings of a run that waits half a second for locks of rows and tables."""
    return with_locks(settings, other=timedelta(milliseconds=500), budget=timedelta(seconds=1))


def test_expired_rows_go_and_all_others_stay(database, settings, purging):
    suggest(database, 30)
    suggest(database, 5, status="reviewed")
    suggest(database, 3, age="23 hours")
    suggest(database, 3, age="-1 day")
    suggest(database, 3, confidence=0.3)
    suggest(database, 3, status="accepted")

    outcome = purging(database, settings).act(SUGGESTIONS)

    assert (outcome.before.due, outcome.after.due) == (35, 0)
    assert count(database, "public.suggestions") == 12
    assert outcome.figures["done"] == 35
    assert outcome.figures["changed_meanwhile"] == 0


def test_a_second_purge_finds_nothing(database, settings, purging):
    suggest(database, 5)
    purging(database, settings).all()

    assert purging(database, settings).due() == {}


def test_each_batch_is_told_with_the_first_and_last_clock_that_went(database, settings, purging):
    suggest(database, 25)
    suggest(database, 25, age="20 days")
    small = with_rules(
        settings,
        dict(settings.profile.retention.rules),
        batch_rows_start=10,
        batch_rows_minimum=10,
        batch_rows_maximum=10,
    )
    run = purging(database, small)

    outcome = run.act(SUGGESTIONS)

    batches = [event for event in run.events("progress") if event["rows"]]
    assert [event["rows"] for event in batches] == [10, 10, 10, 10, 10]
    assert [event["done"] for event in batches] == [10, 20, 30, 40, 50]
    assert outcome.figures["oldest"] == min(event["oldest"] for event in batches)
    assert outcome.figures["newest"] == max(event["newest"] for event in batches)
    assert outcome.before.oldest == outcome.figures["oldest"]


def test_the_ledger_keeps_the_operation_with_its_cutoff(database, settings, purging):
    suggest(database, 4)
    purging(database, settings).all()

    row = database.execute("select details from public.maintenance_log where maintenance_type = 'purge'")[0]["details"]
    assert (row["status"], row["rule"], row["done"]) == ("done", "expired_suggestions", 4)
    assert row["newest"] < row["cutoff"] < datetime.now(UTC).isoformat(" ")


def test_a_plan_shows_the_batch_and_deletes_nothing(database, settings, purging):
    suggest(database, 7)
    run = purging(database, with_profile(settings))
    run.settings = RunSettings(settings.profile, "daily", "plan")

    with pytest.raises(Planned, match="delete 7 rows"):
        run.act(SUGGESTIONS)
    texts = [event["text"] for event in run.events("statement") if event.get("template")]
    assert len(texts) == 1
    assert "for update of" in texts[0]
    assert count(database, "public.suggestions") == 7
    database.execute(sql.SQL("explain {}").format(sql.SQL(texts[0])))


def test_rows_locked_throughout_stay_and_their_holder_is_named(database, impatient, purging):
    suggest(database, 10)
    with database.connect(application_name="a cashier") as other:
        other.execute("begin")
        other.execute("select from public.suggestions limit 3 for update")
        ended = purging(database, impatient).only()

        assert isinstance(ended, Busy)
        assert "3 rows stayed locked" in ended.reason
        assert f"pid {other.info.backend_pid} (a cashier" in ended.reason
        assert (ended.figures["done"], ended.figures["still_due"]) == (7, 3)
        assert count(database, "public.suggestions") == 3

    assert purging(database, impatient).only().figures["done"] == 3


def test_rows_that_change_under_the_purge_are_counted_as_changed(database, settings, purging):
    suggest(database, 10)
    run = purging(database, with_locks(settings, other=timedelta(seconds=20)))
    with database.connect() as other:
        other.execute("begin")
        other.execute("update public.suggestions set status = 'accepted' where record_number <= 4")
        # Commits while the final passes wait for the four rows.
        ender = subprocess.Popen(["sleep", "1"])  # noqa: S607
        original = run.journal.write

        def write(event, **fields):
            original(event, **fields)
            if event == "progress" and ender.poll() is not None and other.info.transaction_status != 0:
                other.execute("commit")

        run.journal.write = write
        outcome = run.only()

    assert tuple(outcome.figures[key] for key in ("due", "done", "still_due", "changed_meanwhile")) == (10, 6, 0, 4)


def test_a_row_that_changes_while_a_batch_looks_at_it_goes_with_the_next_pass(database, settings, purging):
    suggest(database, 3)
    # Each statement takes a moment between its snapshot and its first row.
    database.execute(
        "insert into steward.legal_hold (table_name, predicate, owner, reason)"
        " values ('suggestions', '(select pg_sleep(0.4)) is null', 'a court', 'a test')"
    )
    run = purging(database, settings)
    original = run.journal.write
    changes = []

    def write(event, **fields):
        original(event, **fields)
        if event == "intent":
            changes.append(threading.Thread(target=change))
            changes[0].start()

    def change():
        batch = "select 1 from pg_stat_activity where wait_event = 'PgSleep' and query like '%skip locked%'"
        until(lambda: database.execute(batch))
        database.execute("update public.suggestions set priority_score = 1 where record_number = 2")

    run.journal.write = write
    outcome = run.only()
    changes[0].join()

    assert (outcome.figures["done"], outcome.after.due) == (3, 0)


def test_rows_locked_at_first_are_waited_for_after_a_first_pass_of_any_length(database, impatient, purging):
    with shop(database) as conn:
        conn.execute("create table slow (id int, at timestamptz)")
        conn.execute("insert into slow select n, now() - interval '9 days' from generate_series(1, 10) n")
        conn.execute(
            "create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.1); return old; end'"
        )
        conn.execute("create trigger slow before delete on slow for each row execute function slow()")
    rules = {"slow": old("shop.slow", allow_triggers=("shop.slow.slow",))}
    run = purging(database, with_rules(impatient, rules))
    original = run.journal.write
    with database.connect() as other:
        other.execute("begin")
        other.execute("select from shop.slow where id = 3 for update")

        def write(event, **fields):
            original(event, **fields)
            if event == "progress" and fields["done"] == 9:
                other.execute("rollback")

        run.journal.write = write
        outcome = run.only()

    assert (outcome.figures["done"], outcome.after.due) == (10, 0)


def test_a_table_locked_by_someone_else_is_busy_and_names_who(database, impatient, purging):
    suggest(database, 5)
    with database.connect(application_name="migration") as other:
        other.execute("begin")
        other.execute("lock table public.suggestions in access exclusive mode")
        run = purging(database, impatient)
        ended = run.only()

        assert "not counted" in run.due()[SUGGESTIONS].why
        assert isinstance(ended, Busy)
        assert f"pid {other.info.backend_pid} (migration, idle in transaction)" in ended.reason

    assert count(database, "public.suggestions") == 5
    assert purging(database, impatient).only().figures["done"] == 5


def test_a_table_locked_between_plan_and_action_is_busy(database, impatient, purging):
    suggest(database, 5)
    run = purging(database, impatient)
    with database.connect() as other:
        other.execute("begin")
        other.execute("lock table public.suggestions in access exclusive mode")
        ended = run.only()

    assert isinstance(ended, Busy)
    assert count(database, "public.suggestions") == 5


def test_a_count_that_takes_too_long_leaves_the_counting_to_the_items(database, settings, purging):
    with shop(database) as conn:
        conn.execute("create table t (at timestamptz)")
        conn.execute("insert into t values (now() - interval '9 days')")
        conn.execute(
            "insert into steward.legal_hold (table_name, predicate, owner, reason)"
            " values ('shop.t', 'pg_sleep(0.3) is null', 'legal', 'a slow predicate')"
        )
    short = settings.profile.daily.model_copy(update={"statement_timeout": timedelta(milliseconds=200)})
    run = purging(database, with_profile(with_rules(settings, {"t": old("shop.t")}), daily=short))
    due = run.due()["shop.t t"]

    assert due.why == "t: not counted, since canceling statement due to statement timeout"
    assert isinstance(run.only(), psycopg.errors.QueryCanceled)

    patient = with_rules(settings, {"t": old("shop.t")})

    assert purging(database, patient).only().figures["done"] == 1


def test_one_locked_leaf_keeps_neither_the_others_nor_other_rules(database, impatient, purging):
    suggest(database, 2)
    with shop(database) as conn:
        conn.execute("create table log (at timestamptz not null) partition by range (at)")
        conn.execute("create table log_2010 partition of log for values from ('2010-01-01') to ('2011-01-01')")
        conn.execute("create table log_2011 partition of log for values from ('2011-01-01') to ('2012-01-01')")
        conn.execute("insert into log values ('2010-05-05'), ('2011-05-05'), ('2011-06-06')")
    rules = {**impatient.profile.retention.rules, "log": old("shop.log")}
    with database.connect() as other:
        other.execute("begin")
        other.execute("lock table shop.log_2010 in access exclusive mode")
        ended = purging(database, with_rules(impatient, rules)).all()

        assert isinstance(ended.pop("shop.log_2010 log"), Busy)
        assert {label: outcome.figures["done"] for label, outcome in ended.items()} == {
            SUGGESTIONS: 2,
            "shop.log_2011 log": 2,
        }


def test_the_end_of_the_window_leaves_what_is_done(database, settings, purging):
    suggest(database, 50)
    small = with_rules(
        settings,
        dict(settings.profile.retention.rules),
        batch_rows_start=10,
        batch_rows_minimum=10,
        batch_rows_maximum=10,
    )
    run = purging(database, small)
    original = run.journal.write

    def write(event, **fields):
        original(event, **fields)
        if event == "progress" and fields["done"] >= 20:
            object.__setattr__(run.settings, "deadline", datetime.now(UTC))

    run.journal.write = write
    ended = run.only()

    assert isinstance(ended, Deferred)
    assert ended.figures["done"] == 20
    assert count(database, "public.suggestions") == 30
    assert purging(database, settings).only().figures["done"] == 30


def test_rows_that_a_trigger_keeps_are_no_success(database, settings, purging):
    with shop(database) as conn:
        conn.execute("create table kept (id int, at timestamptz)")
        conn.execute("insert into kept select n, now() - interval '9 days' from generate_series(1, 5) n")
        conn.execute("create function keep() returns trigger language plpgsql as 'begin return null; end'")
        conn.execute(
            "create trigger keeper before delete on kept for each row when (old.id < 3) execute function keep()"
        )
    rules = {"kept": old("shop.kept", allow_triggers=("shop.kept.keeper",))}

    outcome = purging(database, with_rules(settings, rules)).only()

    assert outcome.after.due == 2
    assert (outcome.figures["done"], outcome.figures["still_due"]) == (3, 2)


def test_an_update_rule_archives_unused_deprecated_versions_and_no_others(database, settings, purging):
    database.execute(
        "insert into public.rule_sets (tenant_id, channel, name, created_by) values ('t_a', 'magalu', 'set', 'u')"
    )
    versions = [("deprecated", 200), ("deprecated", 170), ("published", 200), ("deprecated", 300)]
    for minor, (status, age) in enumerate(versions):
        database.execute(
            "insert into public.rule_versions (tenant_id, rule_set_id, major, minor, patch, version, status,"
            " published_at, deprecated_at) select 't_a', id, 1, %(minor)s, 0, '1.' || %(minor)s,"
            " %(status)s::public.version_status, now(), now() - make_interval(days => %(age)s) from public.rule_sets",
            {"minor": minor, "status": status, "age": age},
        )
    database.execute(
        "insert into public.correction_logs (tenant_id, job_id, record_number, field_name, rule_id, rule_version_id,"
        " correction_type, correction_method, created_at, created_by) select 't_a', gen_random_uuid(), 1, 'f', 'r', id,"
        " 'c', 'manual', now() - interval '1 day', 'u' from public.rule_versions where minor = 3"
    )

    outcome = purging(database, settings).act("public.rule_versions unused_deprecated_versions")

    rows = database.execute("select minor, status::text, archived_at from public.rule_versions order by minor")
    assert [row["status"] for row in rows] == ["archived", "deprecated", "published", "deprecated"]
    assert [row["archived_at"] is not None for row in rows] == [True, False, False, False]
    assert (outcome.before.due, outcome.after.due) == (1, 0)


def test_each_leaf_is_an_item_of_its_own_and_the_default_partition_is_one(database, settings, purging):
    with shop(database) as conn:
        conn.execute("create table log (at timestamptz not null, gone bool) partition by range (at)")
        conn.execute("create table log_2010 partition of log for values from ('2010-01-01') to ('2011-01-01')")
        conn.execute("create table log_2011 partition of log for values from ('2011-01-01') to ('2012-01-01')")
        conn.execute("create table log_2090 partition of log for values from ('2090-01-01') to ('2091-01-01')")
        conn.execute("create table log_rest partition of log default")
        conn.execute(
            "insert into log values ('2010-05-05', true), ('2010-06-06', false), ('2011-05-05', true),"
            " ('2009-05-05', true), ('2090-02-02', true)"
        )
    rules = {"log": old("shop.log", where=({"column": "gone", "any_of": ("true",)},))}

    ended = purging(database, with_rules(settings, rules)).all()

    assert list(ended) == ["shop.log_2010 log", "shop.log_2011 log", "shop.log_rest log"]
    assert [outcome.figures["done"] for outcome in ended.values()] == [1, 1, 1]
    assert count(database, "shop.log") == 2


def heirs(database):
    """A table and one that inherits from it, whose rows take a third one's with them."""
    with shop(database) as conn:
        conn.execute("create table parent (id int primary key, at timestamptz)")
        conn.execute("create table heir (primary key (id)) inherits (parent)")
        conn.execute("create table child (heir_id int references heir on delete cascade)")
        conn.execute("insert into parent values (0, now() - interval '9 days')")
        conn.execute("insert into heir select n, now() - interval '9 days' from generate_series(1, 5) n")
        conn.execute("insert into child select id from heir")


def test_a_table_that_inherits_is_refused_where_no_rule_knows_what_follows_from_it(database, settings, purging):
    heirs(database)

    ended = purging(database, with_rules(settings, {"old": old("shop.parent")})).all()

    assert isinstance(ended["shop.heir old"], RefusalError)
    assert "shop.heir: it inherits from shop.parent without being a partition" in str(ended["shop.heir old"])
    assert ended["shop.parent old"].figures["done"] == 1
    assert [count(database, f"shop.{name}") for name in ("heir", "child")] == [5, 5]


def test_a_table_that_inherits_is_purged_by_a_rule_of_its_own(database, settings, purging):
    heirs(database)
    rules = {"old": old("shop.parent"), "heir": old("shop.heir", allow_cascades=("shop.child",))}

    ended = purging(database, with_rules(settings, rules)).all()

    assert {label: outcome.figures["done"] for label, outcome in ended.items()} == {
        "shop.heir heir": 5,
        "shop.parent old": 1,
    }


def test_partitions_beyond_the_cutoff_are_not_even_read(database, settings, purging):
    with shop(database) as conn:
        conn.execute("create table log (at timestamptz not null) partition by range (at)")
        conn.execute("create table log_2010 partition of log for values from ('2010-01-01') to ('2011-01-01')")
        conn.execute("create table log_2090 partition of log for values from ('2090-01-01') to ('2091-01-01')")
        conn.execute("insert into log values ('2010-05-05'), ('2090-05-05')")
    run = purging(database, with_rules(settings, {"log": old("shop.log")}))

    run.all()
    # What a session has counted shows when it ends.
    run.conn.close()
    _alone(database)

    def scanned(table):
        counted = "select seq_scan from pg_stat_all_tables where schemaname = 'shop' and relname = %s"
        return database.execute(counted, [table])[0]["seq_scan"]

    until(lambda: scanned("log_2010"))
    assert scanned("log_2090") == 0
    assert count(database, "shop.log") == 1


@pytest.mark.parametrize("indexed", [True, False])
def test_a_clock_with_an_index_is_walked_in_order_and_without_one_along_the_heap(database, settings, purging, indexed):
    with shop(database) as conn:
        conn.execute("create table events (id int, at date, sort text, filling text)")
        conn.execute(
            "insert into events select n, case when n %% 80 = 0 then date '2010-01-01' + n %% 47 else current_date end,"
            " 'x', repeat('x', 400) from generate_series(1, 4000) n",
            {},
        )
        conn.execute("analyze events")
        if indexed:
            conn.execute("create index on events (at desc, id)")
    rules = {
        "events": rule("shop.events", clock="at", older_than="1 month", where=({"column": "sort", "any_of": ("x",)},))
    }
    small = with_rules(settings, rules, batch_rows_start=10, batch_rows_minimum=10, batch_rows_maximum=10)
    run = purging(database, small)

    outcome = run.only()

    assert indexed == run.due()["shop.events events"].subject.leaf.keyset
    assert outcome.figures["done"] == 50
    oldest = [event["oldest"] for event in run.events("progress") if event["rows"]]
    assert len(oldest) == 5
    assert indexed == (oldest == sorted(oldest))
    assert count(database, "shop.events") == 3950


def test_one_pass_along_the_heap_takes_all_in_whatever_order_the_server_finds_them(database, settings, purging):
    with shop(database) as conn:
        conn.execute("create table t (at timestamptz, state text, pad text)")
        conn.execute(
            "insert into t"
            " select now() - interval '2 days' - n * 7919 % 20000 * interval '1 minute', 'x', repeat('x', 300)"
            " from generate_series(1, 20000) as n"
        )
        # The server chooses by this index, whose order is not the heap's; it serves the rule, and is no key to walk by.
        conn.execute("create index on t (at) where state = 'x'")
    database.execute("vacuum analyze shop.t")
    database.execute(sql.SQL("alter database {} set random_page_cost = 0.01").format(sql.Identifier(database.name)))
    expired = old("shop.t", where=({"column": "state", "any_of": ("x",)},))
    run = purging(
        database,
        with_rules(settings, {"t": expired}, batch_rows_minimum=100, batch_rows_start=100, batch_rows_maximum=1000),
    )

    outcome = run.only()

    counts = [event for event in run.events("statement") if "filter (where" in event["text"]]
    assert outcome.figures["done"] == 20000
    # After the only pass, which is the proof.
    assert len(counts) == 1


@pytest.fixture
def dense(database):
    """A table that is half due, large enough for its batches to grow."""
    with shop(database) as conn:
        conn.execute("create table dense (id int, at timestamptz, pad text)")
        conn.execute(
            "insert into dense select n, now() - n % 2 * interval '9 days', repeat('x', 100)"
            " from generate_series(1, 40000) n"
        )
    database.execute("vacuum analyze shop.dense")
    return {"dense": old("shop.dense")}


def _swept(run):
    return [event for event in run.events("statement") if event["text"].startswith("delete from only")]


def test_dense_ranges_go_in_one_step_each_and_every_row_is_told(database, settings, purging, dense):
    if database.cluster.version < 14:
        pytest.skip("13 scans no range of row addresses")
    run = purging(database, with_rules(settings, dense))

    outcome = run.only()

    batches = [event for event in run.events("progress") if event.get("rows")]
    assert (outcome.before.due, outcome.figures["done"], outcome.after.due) == (20000, 20000, 0)
    assert sum(event["rows"] for event in batches) == 20000
    assert len(_swept(run)) > 1
    swept = [event for event in batches if "first" in event]
    assert [event["last"] + 1 for event in swept[:-1]] == [event["first"] for event in swept[1:]]
    assert (outcome.before.oldest, outcome.before.newest) == (outcome.figures["oldest"], outcome.figures["newest"])
    assert count(database, "shop.dense") == 20000


def test_a_row_locked_in_a_dense_range_stays_and_holds_up_no_other(database, impatient, purging, dense):
    with database.connect(application_name="a cashier") as other:
        other.execute("begin")
        other.execute("select from shop.dense where id = 39001 for update")
        run = purging(database, with_rules(impatient, dense))

        ended = run.only()

        assert isinstance(ended, Busy)
        assert "1 rows stayed locked" in ended.reason
        assert f"pid {other.info.backend_pid} (a cashier" in ended.reason
        assert (ended.figures["done"], ended.figures["still_due"]) == (19999, 1)
    assert all(event["error"].startswith("55P03") for event in run.events("statement") if event["error"])


def test_a_hold_keeps_its_rows_in_a_dense_range(database, settings, purging, dense):
    database.execute(
        "insert into steward.legal_hold (table_name, predicate, owner, reason)"
        " values ('shop.dense', 'id > 30000', 'a court', 'a test')"
    )

    outcome = purging(database, with_rules(settings, dense)).only()

    assert (outcome.figures["done"], outcome.after.held) == (15000, 5000)


def test_batches_do_not_wait_for_the_disk_and_what_says_that_they_are_done_does(database, settings, purging, dense):
    own = sql.SQL("alter database {} set synchronous_commit = on").format(sql.Identifier(database.name))
    database.execute(own)
    run = purging(database, with_rules(settings, dense))
    asked, original = [], run.journal.write

    def write(event, **fields):
        original(event, **fields)
        if event == "progress":
            asked.append(run.conn.execute("show synchronous_commit").fetchone()["synchronous_commit"])

    run.journal.write = write
    run.only()

    assert set(asked) == {"off"}
    assert run.conn.execute("show synchronous_commit").fetchone() == {"synchronous_commit": "on"}


def _begun(database):
    """The server's checkpointer, which is another one after a crash; None while it recovers."""
    try:
        return database.execute("select pid from pg_stat_activity where backend_type = 'checkpointer'")
    except psycopg.OperationalError:
        return None


def test_a_purge_whose_server_crashes_claims_nothing_and_the_next_finishes(own_cluster, settings, purging):
    database = own_cluster.create(own_cluster.template("empty"))
    suggest(database, 100)
    # Commits of this server do not wait for the disk: what has not come there is lost with it.
    database.execute("checkpoint")
    rules = dict(settings.profile.retention.rules)
    run = purging(
        database, with_rules(settings, rules, batch_rows_start=10, batch_rows_maximum=10, batch_rows_minimum=1)
    )
    original, begun = run.journal.write, _begun(database)

    def write(event, **fields):
        original(event, **fields)
        if event == "progress" and fields["done"] == 50:
            # The server then ends all its processes, and recovers by what was on disk.
            os.kill(run.conn.info.backend_pid, signal.SIGKILL)

    run.journal.write = write
    with pytest.raises(psycopg.OperationalError):
        run.act(SUGGESTIONS)
    # It answers once more before it has noticed.
    until(lambda: _begun(database) not in (None, [], begun))

    claimed = database.execute("select 1 from public.maintenance_log where maintenance_type = 'purge'")
    left = count(database, "public.suggestions")
    assert claimed == []
    assert left >= 50
    assert purging(database, with_rules(settings, rules)).only().figures["done"] == left
    assert count(database, "public.suggestions") == 0


def test_an_index_is_left_alone_when_most_pages_hold_due_rows(database, settings, purging):
    with shop(database) as conn:
        conn.execute("create table events (at timestamptz)")
        conn.execute("insert into events select now() - interval '9 days' from generate_series(1, 1000)")
        conn.execute("create index on events (at)")
        conn.execute("analyze events")

    run = purging(database, with_rules(settings, {"events": old("shop.events")}))

    assert not run.due()["shop.events events"].subject.leaf.keyset


HOSTILE = [
    ('Odd ""x"', "Köpfe;--"),
    ("a.b c", "d'%s{}e"),
    ("locked", "changed"),
    ("x" * 63, "y" * 63),
    ("select", "when"),
    ("referring", "parent"),
    ("50%", "a%b"),
]


@pytest.mark.parametrize(("name", "column"), HOSTILE)
def test_names_cannot_break_a_rule(database, settings, purging, name, column):
    table, clock = sql.Identifier("shop", name), sql.Identifier(column)
    with shop(database) as conn:
        conn.execute(
            sql.SQL("create table {} ({} timestamptz, {} text)").format(table, clock, sql.Identifier(column[:-1]))
        )
        conn.execute(
            sql.SQL("insert into {} values (now() - interval '9 days', 'it''s'), (now(), 'it''s')").format(table)
        )
    quoted = sql.Identifier(name).as_string(None)
    where = ({"column": column[:-1], "any_of": ("it's", "%")},)
    rules = {"odd": old(f"shop.{quoted}", clock=column, where=where)}
    run = purging(database, with_rules(settings, rules))

    outcome = run.only()

    assert outcome.figures["done"] == 1
    assert database.execute(sql.SQL("select count(*) as count from {}").format(table))[0]["count"] == 1


@pytest.mark.parametrize(
    ("configured", "message"),
    [
        ({"table": "shop.absent"}, "the table shop.absent does not exist"),
        ({"clock": "when"}, "shop.t has no column when"),
        ({"clock": "label"}, "the clock label is neither a timestamp nor a date"),
        ({"where": ({"column": "state", "any_of": ("x",)},)}, "shop.t has no column state"),
        ({"action": "update", "set": {"state": "x"}}, "shop.t has no column state"),
        ({"orphan_of": {"table": "shop.u", "on": {"at": "at"}}}, "the table shop.u does not exist"),
    ],
)
def test_a_rule_that_does_not_fit_the_database_stops_everything_before_anything_goes(
    database, settings, purging, configured, message
):
    suggest(database, 3)
    with shop(database) as conn:
        conn.execute("create table t (at timestamptz, label text)")
    words = {"table": "shop.t", "clock": "at", "older_than": "1 day", **configured}
    rules = {**settings.profile.retention.rules, "wrong": rule(**words)}

    with pytest.raises(ProfileError, match=f"retention.rules.wrong: .*{message}"):
        purging(database, with_rules(settings, rules))
    assert count(database, "public.suggestions") == 3


def test_a_role_that_row_security_filters_is_refused_with_the_remedy(database, settings, purging):
    suggest(database, 3)
    blind = settings.profile.roles.model_copy(update={"maintenance": "validahub_app"})

    with pytest.raises(PrerequisiteError, match=r"alter role .* bypassrls"):
        purging(database, with_profile(settings, roles=blind))


def test_rows_that_only_a_hold_keeps_are_told_and_need_nothing(database, settings, purging):
    suggest(database, 3)
    database.execute(
        "insert into steward.legal_hold (table_name, owner, reason) values ('suggestions', 'legal', 'case 1')"
    )

    ended = purging(database, settings).only()

    assert isinstance(ended, NotNeeded)
    assert ended.figures["held"] == 3
    assert count(database, "public.suggestions") == 3


def test_a_hold_that_fails_on_a_row_keeps_its_leaf_and_nothing_else_and_quotes_no_row(database, settings, purging):
    suggest(database, 3)
    with shop(database) as conn:
        conn.execute("create table t (at timestamptz)")
        conn.execute("insert into t values (now() - interval '9 days')")
    database.execute(
        "insert into steward.legal_hold (table_name, predicate, owner, reason)"
        " values ('suggestions', 'field_name::int = 5', 'a court', 'a test')"
    )
    rules = {**settings.profile.retention.rules, "other": old("shop.t")}
    run = purging(database, with_rules(settings, rules))

    ended = run.all()

    assert isinstance(ended[SUGGESTIONS], RefusalError)
    assert "legal hold 1 on suggestions (owner a court): its predicate fails on a row" in str(ended[SUGGESTIONS])
    assert [count(database, "public.suggestions"), ended["shop.t other"].figures["done"]] == [3, 1]
    # The rows' field is called title.
    assert '"title' not in f"{ended}{run.due()}{(run.folder / 'journal.jsonl').read_text()}".replace("\\", "")


def test_weekly_rules_wait_for_the_weekly_schedule(database, settings, purging):
    suggest(database, 3, status="rejected")
    database.execute("update public.suggestions set updated_at = now() - interval '1 year'")

    assert purging(database, settings).due() == {}
    weekly = RunSettings(settings.profile, "weekly")
    assert purging(database, weekly).act("public.suggestions closed_suggestions").figures["done"] == 3


# A purge in a process of its own, slow enough to be killed: each row's trigger takes its time.
_PROCESS = """
import sys
from datetime import timedelta
from pathlib import Path
from steward import profile
from steward.engine.executor import RunSettings
from steward.database.target import Target
from tests.fixtures.retention import Purging, old, with_rules

settings = with_rules(
    RunSettings(profile.load("development"), "daily"),
    {"slow": old("shop.slow", allow_triggers=("shop.slow.slow",))},
    batch_rows_start=10, batch_rows_minimum=10, batch_rows_maximum=10,
    batch_target_low=timedelta(seconds=5), batch_target_high=timedelta(seconds=5),
)
Purging(Target("database", sys.argv[1], "test"), settings, Path(sys.argv[2])).all()
"""


@pytest.fixture
def slow(database):
    """A table whose rows take 10 ms each to go."""
    with shop(database) as conn:
        conn.execute("create table slow (id int, at timestamptz)")
        conn.execute("insert into slow select n, now() - interval '9 days' from generate_series(1, 300) n")
        conn.execute(
            "create function slow() returns trigger language plpgsql"
            " as 'begin perform pg_catalog.pg_sleep(0.01); return old; end'"
        )
        conn.execute("create trigger slow before delete on slow for each row execute function slow()")
    return {"slow": old("shop.slow", allow_triggers=("shop.slow.slow",))}


def _half_way(database, process):
    give_up = time.monotonic() + 30
    while count(database, "shop.slow") > 250:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < give_up
        time.sleep(0.02)


def _start(database, tmp_path):
    return subprocess.Popen(
        [sys.executable, "-c", _PROCESS, database.conninfo("validahub_maintenance"), str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )


def _alone(database):
    give_up = time.monotonic() + 10
    while database.execute(
        "select pid from pg_stat_activity where datname = current_database() and application_name = 'maintenance'"
    ):
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_a_purge_killed_half_way_keeps_its_batches_and_the_next_finishes(database, settings, purging, tmp_path, slow):
    with _start(database, tmp_path) as process:
        _half_way(database, process)
        process.send_signal(signal.SIGKILL)
    _alone(database)
    left = count(database, "shop.slow")

    assert 0 < left <= 250
    assert left % 10 == 0

    outcome = purging(database, with_rules(settings, slow)).only()

    assert left == outcome.figures["done"]
    assert count(database, "shop.slow") == 0


def test_a_purge_whose_backend_is_ended_keeps_its_batches_and_the_next_finishes(
    database, settings, purging, tmp_path, slow
):
    with _start(database, tmp_path) as process:
        _half_way(database, process)
        database.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'maintenance'"
            " and datname = current_database()"
        )
        process.wait(timeout=30)
    _alone(database)
    left = count(database, "shop.slow")

    assert 0 < left <= 250
    assert left % 10 == 0
    assert left == purging(database, with_rules(settings, slow)).only().figures["done"]


def test_a_statement_that_the_server_refuses_surfaces_with_its_sqlstate(database, settings, purging):
    with shop(database) as conn:
        conn.execute("create table parent (id int primary key, at timestamptz)")
        conn.execute("create table child (parent int references parent)")
        conn.execute("insert into parent values (1, now() - interval '9 days')")
        conn.execute("insert into child values (1)")

    ended = purging(database, with_rules(settings, {"parent": old("shop.parent")})).only()

    assert isinstance(ended, psycopg.errors.ForeignKeyViolation)


EPOCHS = {"days": 1 / 86_400, "seconds": 1, "milliseconds": 1_000, "microseconds": 1_000_000}


def counters(database, epoch, clock="bigint", indexed=True):
    """Rows of three days ago, of an hour ago, without a clock, and of no time at all."""
    now = datetime.now(UTC).timestamp()
    with shop(database) as conn:
        conn.execute(sql.SQL("create table t (label text, at {})").format(sql.SQL(clock)))
        if indexed:
            conn.execute("create index on t (at)")
        for label, age in (("old", 3), ("young", 1 / 24), ("older", 4000)):
            conn.execute("insert into t values (%s, %s)", [label, int((now - age * 86_400) * EPOCHS[epoch])])
        conn.execute(
            "insert into t values ('none', null), ('stray', -9e18), ('far', 9e18)"
        ) if clock == "bigint" else None
        conn.execute("analyze t")


def labels(database):
    return sorted(row["label"] for row in database.execute("select label from shop.t"))


@pytest.mark.parametrize("epoch", sorted(EPOCHS))
def test_a_clock_may_count_since_1970(database, settings, purging, epoch):
    counters(database, epoch)
    rules = {"counted": old("shop.t", clock_epoch=epoch)}

    outcome = purging(database, with_rules(settings, rules)).act("shop.t counted")

    assert 3 == outcome.figures["done"]
    assert ["far", "none", "young"] == labels(database)
    assert purging(database, with_rules(settings, rules)).due() == {}


@pytest.mark.parametrize("clock", ["date", "timestamp", "timestamptz"])
def test_a_clock_may_be_a_date_or_any_timestamp(database, settings, purging, clock):
    with shop(database) as conn:
        conn.execute(sql.SQL("create table t (label text, at {})").format(sql.SQL(clock)))
        conn.execute("set timezone = 'UTC'")
        conn.execute("insert into t values ('old', now() - interval '3 days'), ('young', now()), ('none', null)")
    rules = {"aged": old("shop.t")}

    purging(database, with_rules(settings, rules)).act("shop.t aged")

    assert ["none", "young"] == labels(database)
    assert purging(database, with_rules(settings, rules)).due() == {}


@pytest.mark.parametrize(
    "case",
    [
        ("bigint", None, "the clock at is an integer; set what it counts since 1970: clock_epoch"),
        ("timestamptz", "seconds", "the clock at is of type timestamptz and counts no seconds"),
        ("text", "days", "the clock at is of type text and counts no days"),
    ],
)
def test_a_clock_that_does_not_count_as_the_rule_says_is_refused(database, settings, purging, case):
    clock, epoch, reason = case
    with shop(database) as conn:
        conn.execute(sql.SQL("create table t (at {})").format(sql.SQL(clock)))

    with pytest.raises(ProfileError, match=reason):
        purging(database, with_rules(settings, {"odd": old("shop.t", clock_epoch=epoch)}))


def test_what_counts_since_1970_may_refer(database, settings, purging):
    now = int(datetime.now(UTC).timestamp() * 1000)
    with shop(database) as conn:
        conn.execute("create table t (label text, at timestamptz default now() - interval '9 days')")
        conn.execute("create table log (label text, at bigint)")
        conn.execute("insert into t values ('used'), ('forgotten')")
        conn.execute("insert into log values ('used', %s), ('forgotten', %s)", [now, now - 40 * 86_400_000])
    used = {"table": "shop.log", "column": "label", "references": "label", "clock": "at", "within": "30 days"}
    rules = {"unused": old("shop.t", unreferenced={**used, "clock_epoch": "milliseconds"})}

    purging(database, with_rules(settings, rules)).act("shop.t unused")

    assert ["used"] == labels(database)
