from __future__ import annotations

import re
import threading
import time
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from maintenance.test_matviews import test_matviews as runbook
from steward import Busy, Deferred, NotNeeded, Planned
from steward.actions.matview_refresh import choose_mode
from steward.actions.matview_state import UnfitContentError
from tests.fixtures.running import changed, open_transaction, settled, until

HOSTILE = 'Odd "x"; drop table %(a)s.{b} é'
OWNER = "validahub_system"


def composed(text, **parts):
    return sql.SQL(text).format(**parts)


def base(database, name="base", rows=100, tenants=5):
    """A table of the application's owner under forced row security, with rows of so many tenants."""
    for text in (
        "create table {name} (n int primary key, tenant_id varchar(50) not null, note text)",
        "insert into {name} select n, 't_' || n % {tenants}, 'x' from generate_series(1, {rows}) as n",
        "alter table {name} owner to validahub_owner",
        "alter table {name} enable row level security",
        "alter table {name} force row level security",
        "create policy own on {name} using (tenant_id = current_setting('app.current_tenant_id', true))",
        "analyze {name}",
    ):
        database.execute(composed(text, name=sql.Identifier("public", name), tenants=tenants, rows=rows))


def view(database, name="mv", query="select * from public.base", *, key="n", owner=OWNER, schema="public"):
    """A materialized view over it, with a unique index that allows a concurrent refresh."""
    parts = {"name": sql.Identifier(schema, name), "owner": sql.Identifier(owner), "query": sql.SQL(query)}
    database.execute(composed("create materialized view {name} as {query}", **parts))
    if key:
        database.execute(composed("create unique index on {name} ({key})", key=sql.SQL(key), **parts))
    database.execute(composed("alter materialized view {name} owner to {owner}", **parts))


def noted(database, name="mv", ago="1 minute", seconds=1.0, rows=100):
    """What is on record of its last refresh."""
    database.execute(
        "insert into public.materialized_view_metadata values (%s, now() - %s::interval, %s, %s)"
        " on conflict (view_name) do update set last_refreshed = excluded.last_refreshed,"
        " refresh_duration_seconds = excluded.refresh_duration_seconds",
        [name, ago, rows, seconds],
    )


def record(database, name="mv"):
    [row] = database.execute("select * from public.materialized_view_metadata where view_name = %s", [name])
    return row


def count(database, name="public.mv"):
    return database.execute(composed("select count(*) as n from {name}", name=sql.SQL(name)))[0]["n"]


@pytest.fixture
def fresh(database):
    """The database with a table, and nothing of the schema's own views due."""
    base(database)
    for row in database.execute("select matviewname as name from pg_matviews"):
        noted(database, row["name"])
    return database


@pytest.fixture
def patient(settings):
    """Readers may wait for long: a plain refresh that is bounded is not cancelled on a slow machine."""
    return changed(settings, locks={"access_exclusive": timedelta(seconds=20), "budget": timedelta(seconds=60)})


def test_a_stale_view_is_refreshed_analyzed_and_recorded(fresh, settings, running):
    view(fresh)
    noted(fresh, ago="25 hours")
    fresh.execute("insert into public.base values (101, 't_9', 'x')")
    run = running(fresh, settings, "matviews")
    due = run.due["public.mv"]

    runbook(due.subject, run.action("public.mv"))
    row = record(fresh)
    [log] = fresh.execute("select details from public.maintenance_log where maintenance_type = 'matviews'")
    [statistics] = fresh.execute("select reltuples from pg_class where relname = 'mv'")

    assert re.fullmatch(r"last refreshed 1 day 01:00:\d\d ago, longer than it may be", due.why)
    assert (101, 101) == (count(fresh), row["records_processed"])
    assert row["last_refreshed"] > run_started(fresh) - timedelta(minutes=1)
    assert 0 < row["refresh_duration_seconds"] < 30
    assert ("concurrent", 100, 101, 5, 6) == tuple(
        log["details"][name] for name in ("mode", "rows_before", "rows", "tenants_before", "tenants")
    )
    assert 101 == statistics["reltuples"]


def run_started(database):
    return database.execute("select now() as now")[0]["now"]


def test_a_second_run_has_nothing_to_do(fresh, settings, running):
    view(fresh)
    first = running(fresh, settings, "matviews")
    for label in first.due:
        runbook(first.due[label].subject, first.action(label))

    assert {} == running(fresh, settings, "matviews").due


def test_a_view_without_any_record_and_one_without_content_are_due(fresh, settings, running):
    view(fresh, "unknown")
    view(fresh, "unborn", "select * from public.base where n < 50")
    fresh.execute("refresh materialized view public.unborn with no data")
    noted(fresh, "unborn")
    run = running(fresh, settings, "matviews")

    assert {"public.unborn": "it holds nothing yet", "public.unknown": "no refresh of it is on record"} == {
        label: due.why for label, due in run.due.items()
    }
    assert "plain" == run.act("public.unborn").figures["mode"]
    assert 49 == count(fresh, "public.unborn")


def test_a_schedule_may_refresh_all(fresh, settings, running):
    view(fresh)
    noted(fresh)
    everything = changed(settings, daily={"refresh": "all"})
    run = running(fresh, everything, "matviews")

    assert 5 == len(run.due)
    assert run.due["public.mv"].why.startswith("all are refreshed by this schedule, and it last 00:01:")


def test_staleness_is_the_views_own(fresh, settings, running):
    noted(fresh, "daily_tenant_metrics", ago="5 hours")
    noted(fresh, "rule_effectiveness", ago="5 hours")

    assert ["public.daily_tenant_metrics"] == list(running(fresh, settings, "matviews").due)


def chain(database):
    """A view on a plain view on a plain view on a view; another one on that; and one apart."""
    view(database, "source")
    database.execute("create view public.between as select * from public.source")
    database.execute("create view public.beyond as select * from public.between")
    database.execute("alter view public.between owner to validahub_system")
    database.execute("alter view public.beyond owner to validahub_system")
    view(database, "a_reader", "select * from public.beyond")
    view(database, "a_last", "select * from public.a_reader")
    view(database, "apart")


def test_sources_come_first_through_plain_views_and_in_one_lane(fresh, settings, running):
    chain(fresh)
    fresh.execute("insert into public.base values (101, 't_9', 'x')")
    for name in ("source", "a_reader", "a_last", "apart"):
        noted(fresh, name, ago="2 days" if name == "source" else "1 minute")
    run = running(fresh, settings, "matviews")
    order = sorted(run.due.values(), key=lambda due: -due.cost)
    for due in order:
        run.act(due.label)

    assert ["public.source", "public.a_reader", "public.a_last"] == [due.label for due in order]
    assert 1 == len({due.lane for due in order})
    assert "public.source, which it reads, is refreshed first" == run.due["public.a_reader"].why
    assert [101, 101, 101] == [count(fresh, due.label) for due in order]
    assert {} == running(fresh, settings, "matviews").due


def test_a_view_whose_source_was_refreshed_after_it_is_due(fresh, settings, running):
    chain(fresh)
    for name, ago in (("source", "1 minute"), ("a_reader", "2 minutes"), ("a_last", "2 minutes"), ("apart", "1 hour")):
        noted(fresh, name, ago=ago)
    run = running(fresh, settings, "matviews")

    assert ["public.a_last", "public.a_reader"] == sorted(run.due)
    assert "what it reads was refreshed after it" == run.due["public.a_reader"].why


def test_a_view_is_not_refreshed_on_a_source_whose_refresh_failed(fresh, settings, running):
    chain(fresh)
    run = running(fresh, settings, "matviews")
    fresh.execute("alter materialized view public.source owner to validahub_app")
    with pytest.raises(UnfitContentError):
        run.act("public.source")

    for name, source in (("a_reader", "source"), ("a_last", "a_reader")):
        with pytest.raises(Deferred, match=rf"it reads public\.{source}, which this run was to refresh first"):
            run.act(f"public.{name}")
    assert [] == fresh.execute("select 1 from public.materialized_view_metadata where view_name like 'a\\_%%'", {})


FOUND = {"populated": True, "has_key": True, "seconds": None, "plain_seconds": None}


@pytest.mark.parametrize(
    ("facts", "mode", "bounded"),
    [
        ({}, "concurrent", False),
        ({"seconds": 10.0}, "concurrent", False),
        ({"seconds": 0.1}, "plain", True),
        ({"seconds": 10.0, "plain_seconds": 0.1}, "plain", True),
        ({"seconds": 0.1, "plain_seconds": 0.13}, "concurrent", False),
        ({"populated": False, "seconds": 10.0}, "plain", False),
        ({"has_key": False, "seconds": 10.0}, "plain", True),
    ],
)
def test_the_rule_follows_what_readers_would_notice(settings, facts, mode, bounded):
    way = choose_mode({**FOUND, **facts}, settings.profile)

    assert (mode, bounded) == (way.mode, way.bounded)


def test_a_view_without_a_key_is_refreshed_plain_within_bounds_or_as_the_profile_says(settings):
    facts = {**FOUND, "has_key": False}

    assert choose_mode(facts, settings.profile).bounded
    assert not choose_mode(facts, changed(settings, refresh={"without_key": "plain"}).profile).bounded


def test_a_small_view_is_refreshed_plain_and_that_is_remembered(fresh, patient, running):
    view(fresh)
    noted(fresh, ago="2 days", seconds=0.01)
    first = running(fresh, patient, "matviews").act("public.mv")
    noted(fresh, ago="2 days", seconds=100)
    second = running(fresh, patient, "matviews").act("public.mv")

    assert ["plain", "plain"] == [outcome.figures["mode"] for outcome in (first, second)]
    assert first.figures["plain_seconds"] == first.figures["seconds"]
    assert f"the last one took {first.figures['seconds']:g} s" in second.figures["why"]


# All rows until the switch is on.
HIDING = "select * from public.base where not exists (select from public.switch) or {}"
# The view's rows, the first of them late.
SLOW = "select n, tenant_id, case n when 1 then pg_sleep({})::text end as note from public.base"


def test_a_plain_refresh_that_would_stall_readers_is_cancelled_and_made_beside_them(fresh, settings, running):
    view(fresh, query=SLOW.format(2))
    noted(fresh, ago="2 days", seconds=0.01)
    run = running(fresh, settings, "matviews")
    longest, stop = [], threading.Event()

    def read():
        with fresh.connect() as conn:
            while not stop.is_set():
                began = time.monotonic()
                conn.execute("select count(*) from public.mv")
                longest.append(time.monotonic() - began)

    reader = threading.Thread(target=read)
    reader.start()
    outcome = run.act("public.mv")
    stop.set()
    reader.join()
    noted(fresh, ago="2 days", seconds=0.01)

    assert ("concurrent", 0.2) == (outcome.figures["mode"], outcome.figures["plain_seconds"])
    assert "a plain one was cancelled after 0.2 s" in outcome.figures["why"]
    assert "concurrent" == running(fresh, settings, "matviews").act("public.mv").figures["mode"]
    assert max(longest) < 1.5


def test_a_refresh_without_a_limit_of_its_own_still_keeps_readers_from_stalling(fresh, settings, running):
    view(fresh, query=SLOW.format(2))
    noted(fresh, ago="2 days", seconds=0.01)
    patient = changed(settings, daily={"statement_timeouts": {"matviews": timedelta(0)}})

    outcome = running(fresh, patient, "matviews").act("public.mv")

    assert "concurrent" == outcome.figures["mode"]


def test_a_reader_that_stays_makes_the_refresh_concurrent(fresh, settings, running):
    view(fresh)
    noted(fresh, ago="2 days", seconds=0.01)
    run = running(fresh, changed(settings, locks={"access_exclusive": timedelta(seconds=3)}), "matviews")
    with open_transaction(fresh, "select count(*) from public.mv"):
        outcome = run.act("public.mv")

    assert "concurrent" == outcome.figures["mode"]
    assert "a plain one would have had to wait for readers" == outcome.figures["why"]
    assert "plain_seconds" not in outcome.figures


def test_a_view_without_a_key_that_would_stall_readers_is_refused_with_the_remedy(fresh, settings, running):
    view(fresh, query=SLOW.format(2), key="")
    fresh.execute("create unique index on public.mv (n) where n > 0")
    with pytest.raises(UnfitContentError, match=r"cancelled after 0\.2 s.*create a unique index on plain columns"):
        running(fresh, settings, "matviews").act("public.mv")
    allowed = changed(settings, refresh={"without_key": "plain"})

    assert "plain" == running(fresh, allowed, "matviews").act("public.mv").figures["mode"]


def test_what_a_concurrent_refresh_leaves_dead_is_vacuumed(fresh, settings, running):
    view(fresh)
    fresh.execute("update public.base set note = 'y' where n <= 50")
    run = running(fresh, settings, "matviews")
    pid = run.conn.info.backend_pid
    # A session that has told its counters just now keeps the next ones for a second.
    run.conn.execute("table public.base")
    outcome = run.act("public.mv")
    settled(run.conn)

    assert ("concurrent", 50) == (outcome.figures["mode"], outcome.figures["dead"])
    assert "vacuum" in run.statements()[-1]
    until(lambda: [{"n": 0}] == dead(fresh))
    run.conn.close()
    until(lambda: not fresh.execute("select pid from pg_stat_activity where pid = %s", [pid]))
    assert [{"n": 0}] == dead(fresh), "what the session told last was counted before the vacuum"


def test_dead_rows_are_vacuumed_once_the_runs_other_lanes_let_go_of_them(fresh, settings, running):
    view(fresh)
    fresh.execute("update public.base set note = 'y' where n <= 50")
    run = running(fresh, settings, "matviews")
    journal = run.folder / "journal.jsonl"
    with fresh.connect(autocommit=False, application_name="maintenance") as sister:
        sister.execute("set transaction isolation level repeatable read")
        sister.execute("select")
        lane = threading.Thread(target=run.act, args=("public.mv",))
        lane.start()
        until(lambda: "other lanes" in journal.read_text(encoding="utf-8"))
        before = run.statements()
        sister.rollback()
        lane.join()

    assert [] == [text for text in before if "vacuum" in text]
    assert "vacuum" in run.statements()[-1]
    until(lambda: [{"n": 0}] == dead(fresh))


def test_a_refresh_that_stands_has_passed_whoever_keeps_its_vacuum_waiting(fresh, settings, running):
    view(fresh, query="select *, case n when 1 then pg_sleep(2)::text end as slept from public.base")
    fresh.execute("update public.base set note = 'y' where n <= 50")
    run = running(fresh, changed(settings, locks={"other": timedelta(milliseconds=300)}), "matviews")
    outcomes = []
    with fresh.connect(autocommit=False, application_name="someone") as builder:
        lane = threading.Thread(target=lambda: outcomes.append(run.act("public.mv")))
        lane.start()
        refreshing = (
            "select pid from pg_locks where relation = 'public.mv'::regclass and mode = 'ExclusiveLock' and granted"
        )
        until(lambda: fresh.execute(refreshing))
        # In the queue behind the refresh, it has the lock before the vacuum asks for it.
        builder.execute("create index on public.mv (note)")
        lane.join()

    assert 50 == outcomes[0].figures["dead"]
    assert "not analyzed: lock not had" in outcomes[0].figures["unsettled"]
    assert "someone" in outcomes[0].figures["unsettled"]


def dead(database):
    return database.execute("select n_dead_tup as n from pg_stat_user_tables where relname = 'mv' and vacuum_count > 0")


@pytest.mark.parametrize(
    "filtered",
    [
        "alter materialized view public.mv owner to validahub_app",
        "alter materialized view public.mv owner to validahub_owner",
    ],
)
def test_an_owner_that_row_security_filters_is_refused_before_anything_is_refreshed(fresh, settings, running, filtered):
    fresh.execute("grant create, usage on schema public to validahub_app")
    fresh.execute("grant select on public.base to validahub_app")
    view(fresh)
    fresh.execute(filtered)
    owner = filtered.split()[-1]
    run = running(fresh, settings, "matviews")

    with pytest.raises(
        UnfitContentError, match=rf"hides rows of base from it: .* {owner}; .*alter role {owner} bypassrls"
    ):
        run.act("public.mv")
    assert [] == [text for text in run.statements() if "refresh" in text]
    assert 100 == count(fresh)


def test_an_owner_of_tables_that_do_not_force_row_security_is_not_filtered(fresh, settings, running):
    fresh.execute("alter table public.base no force row level security")
    view(fresh, owner="validahub_owner")

    assert 100 == running(fresh, settings, "matviews").act("public.mv").figures["rows"]


def test_a_plain_view_reads_as_its_owner(fresh, settings, running):
    fresh.execute("grant select on public.base to validahub_app")
    fresh.execute("create view public.narrow as select * from public.base")
    fresh.execute("alter view public.narrow owner to validahub_app")
    fresh.execute("grant select on public.narrow to validahub_system")
    view(fresh, query="select * from public.narrow")

    with pytest.raises(UnfitContentError, match="row-level security hides rows of base"):
        running(fresh, settings, "matviews").act("public.mv")


@pytest.mark.parametrize("seconds", [0.01, 100], ids=["plain", "concurrent"])
@pytest.mark.parametrize(
    ("hidden", "left"), [("tenant_id in ('t_1', 't_2')", 2), ("tenant_id = 't_1'", 1), ("false", 0)]
)
def test_a_view_that_would_be_emptied_stays_as_it_was(fresh, patient, running, *, seconds, hidden, left):
    fresh.execute("create table public.switch (shown text)")
    fresh.execute("alter table public.switch owner to validahub_owner")
    view(fresh, query=HIDING.format(hidden))
    noted(fresh, ago="2 days", seconds=seconds)
    fresh.execute("insert into public.switch values ('only a part')")
    before = record(fresh)

    run = running(fresh, patient, "matviews")
    with pytest.raises(UnfitContentError, match=f"from 5 tenants to {left}, and public.base has more"):
        run.act("public.mv")
    assert before == record(fresh)
    assert 100 == count(fresh)

    allowed = {
        **patient.profile.matviews,
        "public.mv": patient.profile.matview("x").model_copy(update={"may_empty": True}),
    }
    lax = replace(patient, profile=patient.profile.model_copy(update={"matviews": allowed}))
    running(fresh, lax, "matviews").act("public.mv")

    assert 100 > count(fresh)


def test_a_view_may_lose_as_many_tenants_as_the_profile_says(fresh, patient, running):
    fresh.execute("create table public.switch (shown text)")
    fresh.execute("alter table public.switch owner to validahub_owner")
    view(fresh, query=HIDING.format("tenant_id in ('t_1', 't_2', 't_3')"))
    fresh.execute("insert into public.switch values ('only a part')")

    assert 3 == running(fresh, patient, "matviews").act("public.mv").figures["tenants"]


def test_a_view_whose_tables_are_empty_too_may_become_empty(fresh, settings, running):
    view(fresh)
    fresh.execute("delete from public.base")

    assert 0 == running(fresh, settings, "matviews").act("public.mv").figures["rows"]


def test_a_function_that_leans_on_the_search_path_is_explained(fresh, settings, running):
    fresh.execute("create table public.words (word text)")
    fresh.execute("insert into public.words values ('x')")
    fresh.execute("alter table public.words owner to validahub_owner")
    function = "create or replace function public.known(text) returns boolean stable language plpgsql as "
    fresh.execute(function + "'begin return exists (select from public.words where word = $1); end'")
    view(fresh, query="select n, tenant_id, public.known(note) as known from public.base")
    fresh.execute(function + "'begin return exists (select from words where word = $1); end'")
    run = running(fresh, settings, "matviews")

    if run.conn.info.server_version < 170000:
        assert 100 == run.act("public.mv").figures["rows"]
        return
    with pytest.raises(
        UnfitContentError, match=r'relation "words" does not exist .SQLSTATE 42P01.; from PostgreSQL 17 on'
    ):
        run.act("public.mv")


def test_a_lock_held_throughout_is_busy_and_names_the_holder(fresh, settings, running):
    view(fresh)
    run = running(fresh, changed(settings, locks={"other": timedelta(milliseconds=300)}), "matviews")
    with (
        open_transaction(fresh, "lock table public.base in access exclusive mode") as holder,
        pytest.raises(
            Busy, match=rf"pid {holder.info.backend_pid} .someone, idle in transaction.*pg_terminate_backend"
        ),
    ):
        run.act("public.mv")

    assert 100 == running(fresh, settings, "matviews").act("public.mv").figures["rows"]


def test_who_keeps_the_lock_is_terminated_where_the_profile_says_so_and_recorded(fresh, settings, running):
    view(fresh)
    ruthless = changed(settings, locks={"other": timedelta(milliseconds=300), "terminate_blockers": True})
    run = running(fresh, ruthless, "matviews")
    role = sql.Identifier(f"{fresh.name}_stubborn")
    fresh.execute(composed("create role {role} login in role validahub_owner", role=role))
    fresh.execute("grant pg_signal_backend to validahub_system")
    try:
        with fresh.connect(f"{fresh.name}_stubborn", autocommit=False, application_name="someone") as holder:
            holder.execute("lock table public.base in access exclusive mode")
            pid = holder.info.backend_pid
            outcome = run.act("public.mv")
            holder.close()
    finally:
        fresh.execute("revoke pg_signal_backend from validahub_system")
        fresh.execute(composed("drop role {role}", role=role))
    [session] = outcome.figures["terminated"]

    assert ("someone", pid, "idle in transaction") == (session["application"], session["pid"], session["state"])
    assert 100 == outcome.figures["rows"]


def test_a_view_for_whose_second_copy_there_is_no_room_is_deferred(fresh, settings, running):
    view(fresh)
    before = fresh.execute("select pg_relation_filenode('public.mv') as file")
    with pytest.raises(Deferred, match=r" must stay free"):
        running(fresh, changed(settings, disk={"free": 1.0, "enough": 1 << 60}), "matviews").act("public.mv")

    assert before == fresh.execute("select pg_relation_filenode('public.mv') as file")
    assert 100 == running(fresh, settings, "matviews").act("public.mv").figures["rows"]


def test_a_refresh_of_somebody_else_is_waited_for_no_longer_than_the_budget(fresh, settings, running):
    view(fresh)
    run = running(fresh, changed(settings, locks={"other": timedelta(milliseconds=300)}), "matviews")
    with open_transaction(fresh, "refresh materialized view concurrently public.mv") as holder:
        pid = holder.info.backend_pid
        with pytest.raises(Busy) as caught:
            run.act("public.mv")

    assert f"pid {pid} (someone, idle in transaction) holds" in caught.value.reason
    assert "ExclusiveLock" in caught.value.reason


def test_a_refresh_that_takes_longer_than_its_timeout_is_explained(fresh, settings, running):
    view(fresh, query=SLOW.format(3))
    hasty = changed(settings, daily={"statement_timeouts": {"matviews": timedelta(seconds=1)}})

    with pytest.raises(UnfitContentError, match=r"cancelled after 1 s .SQLSTATE 57014.; give it longer by matviews"):
        running(fresh, hasty, "matviews").act("public.mv")


def test_a_view_that_is_gone_needs_nothing(fresh, settings, running):
    view(fresh)
    run = running(fresh, settings, "matviews")
    fresh.execute("drop materialized view public.mv")

    with pytest.raises(NotNeeded, match=r"public\.mv is gone"):
        run.act("public.mv")


def test_what_somebody_refreshed_in_between_is_not_done_again(fresh, settings, running):
    view(fresh)
    run = running(fresh, settings, "matviews")
    noted(fresh, ago="0 seconds")

    with pytest.raises(NotNeeded, match="the need was gone"):
        run.act("public.mv")


@pytest.mark.parametrize("name", [HOSTILE, "select", "ç" * 31, '"' * 63], ids=["odd", "keyword", "unicode", "quotes"])
def test_hostile_names_are_refreshed_and_recorded(fresh, settings, running, name):
    fresh.execute(composed("create schema {name} authorization validahub_system", name=sql.Identifier(name)))
    view(fresh, name, schema=name)
    run = running(fresh, settings, "matviews")
    [label] = run.due

    assert 100 == run.act(label).figures["rows"]
    assert {} == running(fresh, settings, "matviews").due
    assert 5 == len(fresh.execute("select view_name from public.materialized_view_metadata"))


def test_a_plan_shows_the_statement_and_changes_nothing(fresh, settings, running):
    view(fresh)
    run = running(fresh, changed(settings, mode="plan"), "matviews")

    with pytest.raises(Planned):
        run.act("public.mv")
    assert ['refresh materialized view concurrently "public"."mv"', 'analyze "public"."mv"'] == run.statements()
    assert [] == fresh.execute("select 1 from public.materialized_view_metadata where view_name = 'mv'")


@pytest.mark.parametrize("seconds", [0.01, 100], ids=["plain", "concurrent"])
def test_a_refresh_that_is_killed_leaves_content_and_record_as_they_were(fresh, patient, running, seconds):
    view(fresh, query=SLOW.format(1))
    noted(fresh, ago="2 days", seconds=seconds)
    before = record(fresh)
    run = running(fresh, patient, "matviews")
    ended = []

    def work():
        try:
            run.act("public.mv")
        except psycopg.Error as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    [row] = until(lambda: fresh.execute("select pid from pg_stat_activity where wait_event = 'PgSleep'"))
    fresh.execute("select pg_terminate_backend(%s)", [row["pid"]])
    thread.join()

    assert isinstance(ended[0], psycopg.OperationalError)
    assert before == record(fresh)
    assert 100 == count(fresh)
    assert 100 == running(fresh, patient, "matviews").act("public.mv").figures["rows"]


def test_a_view_of_an_owner_that_maintenance_is_no_member_of_is_explained(fresh, settings, running):
    view(fresh, query="select n, ''::text as tenant_id from generate_series(1, 3) as n", owner="postgres")
    fresh.execute("revoke all on public.mv from validahub_system")
    run = running(fresh, settings, "matviews")
    fresh.execute("grant select on public.mv to validahub_system")

    with pytest.raises(UnfitContentError, match=r"SQLSTATE 42501.; a refresh needs the rights of its owner, postgres"):
        run.act("public.mv")


def test_the_session_is_as_before_after_a_bounded_refresh(fresh, patient, running):
    view(fresh)
    noted(fresh, ago="2 days", seconds=0.01)
    run = running(fresh, patient, "matviews")
    run.act("public.mv")
    [row] = run.conn.execute("show statement_timeout").fetchall()

    assert "30min" == row["statement_timeout"]
