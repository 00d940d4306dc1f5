from __future__ import annotations

import errno
import os
import re
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from maintenance.test_reindex import test_leftovers as leftovers_runbook
from maintenance.test_reindex import test_reindex as runbook
from steward import Busy, Deferred, Inconclusive, NotNeeded, Planned
from steward.actions.reindex import unsafe_server
from steward.database.target import Target
from tests.fixtures.disk import elsewhere
from tests.fixtures.engine import events
from tests.fixtures.indexes import aside, bloated, building, index_of, invalid, leave
from tests.fixtures.running import Running, changed, open_transaction, until

HOSTILE = 'Odd "x"; drop table %(a)s.{b} é'
MB = 1 << 20
WRITES = "lock table public.b in row exclusive mode"
OLD = ("set transaction isolation level repeatable read", "select count(*) from public.rule_sets")


@pytest.fixture
def impatient(settings):
    """A profile that waits neither for tables nor for transactions, on however full a disk."""
    brief = timedelta(milliseconds=400)
    return changed(settings, locks={"other": brief, "drain": brief})


def due(database, settings, running):
    """The labels of what is planned of the test's own table."""
    return [label for label in running(database, settings, "reindex").due if label.startswith("public.b")]


def test_bloated_index_is_rebuilt_and_proved(database, settings, running):
    bloated(database)
    before = index_of(database, "b_pkey")
    run = running(database, settings, "reindex")

    runbook(run.due["public.b_pkey"].subject, run.action("public.b_pkey"))
    after = index_of(database, "b_pkey")

    assert re.fullmatch(
        r"1\.7 MB, about 6\d% bloat by the statistics, over 25%; scans counted for 0\.\d days only",
        run.due["public.b_pkey"].why,
    )
    assert 'reindex index concurrently "public"."b_pkey"' in run.statements()
    assert (True, True) == (after["valid"], after["size"] < before["size"] / 2)
    assert before["file"] != after["file"]
    assert [] == invalid(database)
    [row] = database.execute("select details from public.maintenance_log where maintenance_type = 'reindex'")
    assert ("done", "concurrently") == (row["details"]["status"], row["details"]["how"])


def test_prediction_and_result_agree(database, settings, running):
    bloated(database, "public.b", "(twin)", rows=200_000)
    run = running(database, settings, "reindex")

    for label in ("public.b_pkey", "public.b_twin_idx"):
        outcome = run.act(label)

        assert outcome.before.needed == pytest.approx(outcome.after.size, rel=0.05), label
        assert (True, True) == (outcome.after.bloat < 0.05, outcome.before.bloat > 0.6), label


def test_second_run_has_nothing_to_do(database, settings, running):
    bloated(database, "public.b", "(twin)", "using gin (tags)", rows=200_000)
    first = running(database, settings, "reindex")
    for label, due in first.due.items():
        runbook(due.subject, first.action(label))

    assert {"public.b_pkey", "public.b_twin_idx"} == set(first.due)
    assert {} == running(database, settings, "reindex").due


def test_estimate_by_statistics_that_are_behind_is_none(database, settings, running):
    bloated(database, keep=1)
    database.execute("delete from public.b where id %% 3 <> 0", {})

    def why():
        found = running(database, settings, "reindex").due.get("public.b_pkey")
        return found and found.why

    behind = until(why)
    database.execute("vacuum (analyze) public.b")

    assert "never measured" in behind
    assert until(lambda: "bloat by the statistics" in why())


def test_healthy_unique_index_is_not_even_read(database, settings, running):
    bloated(database, keep=1)

    run = running(database, settings, "reindex")

    assert {} == run.due
    assert 1 < run.examine().count


def test_deduplicated_index_is_read_once_and_then_known(database, settings, running):
    bloated(database, "public.b", "(twin)", keep=1, rows=400_000)
    run = running(database, settings, "reindex")

    assert "never measured" in run.due["public.b_twin_idx"].why
    with pytest.raises(NotNeeded, match=r"^\d% of its 2\.\d MB is waste, not over 25%; remembered$"):
        run.act("public.b_twin_idx")
    assert [] == due(database, settings, running)


def test_only_so_many_unknown_indexes_are_read_in_a_run_the_largest_first(database, settings, running):
    bloated(database, "public.b", "(twin)", "(note)", rows=300_000)
    few = changed(settings, indexes={"looks": 1})

    assert ["public.b_note_idx", "public.b_pkey"] == due(database, few, running)
    assert 3 == len(due(database, settings, running))


def test_what_was_measured_stands_until_the_index_has_grown(database, settings, running):
    bloated(database, "public.b", "(twin)", keep=1, rows=400_000)
    with pytest.raises(NotNeeded):
        running(database, settings, "reindex").act("public.b_twin_idx")
    database.execute(
        "insert into public.b (id, twin) select n, n %% 4000 from generate_series(400001, 600000) as n", {}
    )
    stale = due(database, settings, running)
    database.execute("delete from public.b where id %% 3 <> 0", {})
    database.execute("vacuum (analyze) public.b")

    run = running(database, settings, "reindex")

    assert "public.b_twin_idx" in stale
    assert "by what it needed a row, over 25%" in run.due["public.b_twin_idx"].why
    runbook(run.due["public.b_twin_idx"].subject, run.action("public.b_twin_idx"))


def test_what_was_measured_long_ago_is_measured_again_only_where_rows_came_or_went(database, settings, running):
    bloated(database, "public.b", "(twin)", keep=1, rows=400_000)
    with pytest.raises(NotNeeded):
        running(database, settings, "reindex").act("public.b_twin_idx")
    database.execute("update steward.index_bloat set measured_at = now() - interval '40 days', ratio = null")

    assert [] == due(database, settings, running)

    database.execute("delete from public.b where id < 10")

    assert ["public.b_twin_idx"] == until(lambda: due(database, settings, running))


def test_index_of_rows_that_go_is_confirmed_after_it_was_well(database, settings, running):
    bloated(database, "public.b", "(twin)", keep=1, rows=400_000)
    with pytest.raises(NotNeeded):
        running(database, settings, "reindex").act("public.b_twin_idx")
    database.execute("delete from public.b where id %% 3 <> 0", {})
    database.execute("vacuum (analyze) public.b")
    short = changed(settings, indexes={"measured_for": timedelta(0)})

    assert 0.6 < until(lambda: running(database, short, "reindex")).act("public.b_twin_idx").before.bloat


def test_few_scans_excuse_an_index_only_where_they_were_counted_for_long(database, settings, running):
    bloated(database)
    counted = {"scans_counted": timedelta(0)}
    young = changed(settings, daily={"index_scans": 1000})

    assert ["public.b_pkey"] == due(database, young, running)
    assert [] == due(database, changed(young, indexes=counted), running)


def test_index_in_use_is_due_by_its_scans(database, settings, running):
    bloated(database)
    strict = changed(settings, daily={"index_scans": 3}, indexes={"scans_counted": timedelta(0)})
    with database.connect() as conn:
        conn.execute("set enable_seqscan = off")
        for number in range(5):
            conn.execute("select 1 from public.b where id = %s", [number])

    assert ["public.b_pkey"] == until(lambda: due(database, strict, running))


def test_small_indexes_are_left_alone(database, settings, running):
    bloated(database)

    assert [] == due(database, changed(settings, indexes={"minimum_size": 2 * MB}), running)


def test_exclusion_constraints_invalid_indexes_and_parents_are_left_alone(database, settings, running):
    bloated(database, "public.b", "(twin)", rows=200_000)
    database.execute("alter table public.b add constraint b_twice exclude using btree (id with =)")
    database.execute("update pg_index set indisvalid = false where indexrelid = 'public.b_twin_idx'::regclass")

    labels = due(database, settings, running)

    assert ["public.b_pkey"] == labels


def test_leaves_of_a_family_are_rebuilt_each(database, settings, running):
    database.execute("create table public.b (id int, at int, primary key (id, at)) partition by range (at)")
    for number in (1, 2):
        database.execute(
            sql.SQL("create table public.b_{} partition of public.b for values from ({}) to ({})").format(
                sql.SQL(str(number)), sql.Literal(number), sql.Literal(number + 1)
            )
        )
    for name in ("b", "b_1", "b_2"):
        database.execute(sql.SQL("alter table public.{} owner to validahub_owner").format(sql.SQL(name)))
    database.execute("insert into public.b select n, 1 + n / 80001 from generate_series(1, 160000) as n")
    database.execute("delete from public.b where id %% 3 <> 0", {})
    database.execute("vacuum (analyze) public.b_1, public.b_2")
    run = running(database, settings, "reindex")

    assert {"public.b_1_pkey", "public.b_2_pkey"} == set(run.due)
    assert {"public.b_1", "public.b_2"} == {due_subject.lane for due_subject in run.due.values()}
    runbook(run.due["public.b_1_pkey"].subject, run.action("public.b_1_pkey"))


def test_gin_index_is_judged_by_what_it_needed_a_row_when_it_was_met(database, settings, running):
    label = "public.b_to_tsvector_idx"
    bloated(database, "public.b", "using gin (to_tsvector('simple', note))", keep=1)
    with pytest.raises(NotNeeded, match=r"^nothing of its [\d.]+ MB is waste, not over 25%; remembered$"):
        running(database, settings, "reindex").act(label)
    known = due(database, settings, running)
    database.execute("update steward.index_bloat set size = size / 2, ratio = ratio / 2")
    run = running(database, settings, "reindex")

    assert [] == known
    assert "about 50% bloat by what it needed a row" in run.due[label].why
    runbook(run.due[label].subject, run.action(label))
    assert [] == due(database, settings, running)


def test_hostile_names_are_rebuilt(database, settings, running):
    index = sql.Identifier(HOSTILE[:50]).as_string(None)
    bloated(database)
    database.execute(sql.SQL("alter index public.b_pkey rename to {}").format(sql.SQL(index)))
    run = running(database, settings, "reindex")

    runbook(run.due[f"public.{index}"].subject, run.action(f"public.{index}"))
    assert {} == running(database, settings, "reindex").due


def test_plan_measures_and_changes_nothing(database, settings, running):
    bloated(database)
    before = index_of(database, "b_pkey")
    run = running(database, changed(settings, mode="plan"), "reindex")
    action = run.action("public.b_pkey")

    with pytest.raises(Planned):
        action.run("reindex", run.due["public.b_pkey"].subject)

    assert ['reindex index concurrently "public"."b_pkey"'] == run.statements()
    assert 0.6 < action.record["before"]["bloat"]
    assert before == index_of(database, "b_pkey")
    assert [] == database.execute("select * from steward.index_bloat")


def test_index_that_is_gone_or_was_rebuilt_needs_nothing(database, settings, running):
    bloated(database, "public.b", "(twin)", rows=200_000)
    run = running(database, settings, "reindex")
    database.execute("reindex index public.b_pkey")
    database.execute("drop index public.b_twin_idx")

    with pytest.raises(NotNeeded, match=r"public\.b_pkey was rebuilt meanwhile"):
        run.act("public.b_pkey")
    with pytest.raises(NotNeeded, match=r"public\.b_twin_idx is gone"):
        run.act("public.b_twin_idx")


@pytest.mark.parametrize(("version", "reason"), [(140000, "14.0"), (140003, "14.3")])
def test_servers_that_build_corrupt_indexes_are_refused(version, reason):
    assert f"server {reason} can build corrupt indexes" in unsafe_server(version)


@pytest.mark.parametrize("version", [130022, 140004, 150000, 180001])
def test_sound_servers_are_not(version):
    assert unsafe_server(version) is None


def test_missing_right_to_read_the_index_is_said(database, settings, running):
    bloated(database)
    run = running(database, settings, "reindex")
    database.execute("revoke execute on function pgstatindex(regclass) from pg_stat_scan_tables")

    with pytest.raises(Inconclusive, match="grant pg_stat_scan_tables to validahub_system"):
        run.act("public.b_pkey")


def test_extension_is_found_in_whatever_schema(database, settings, running):
    bloated(database)
    database.execute('create schema "Odd %(x)s"')
    database.execute('alter extension pgstattuple set schema "Odd %(x)s"')
    database.execute('grant usage on schema "Odd %(x)s" to validahub_system')
    run = running(database, settings, "reindex")

    runbook(run.due["public.b_pkey"].subject, run.action("public.b_pkey"))


def test_table_that_is_locked_is_busy_and_the_holder_is_named(database, impatient, running):
    bloated(database)
    run = running(database, impatient, "reindex")
    with (
        open_transaction(database, "lock table public.b in share update exclusive mode") as holder,
        pytest.raises(
            Busy, match=rf"lock of public\.b not had in 0\.4 s: pid {holder.info.backend_pid} \(someone, idle"
        ),
    ):
        run.act("public.b_pkey")

    assert [] == invalid(database)


def test_transaction_that_does_not_end_is_waited_for_within_its_own_budget_and_named(database, settings, running):
    bloated(database)
    patient = changed(settings, locks={"other": timedelta(seconds=30), "drain": timedelta(milliseconds=400)})
    run = running(database, patient, "reindex")
    with open_transaction(database, WRITES) as holder:
        pid = holder.info.backend_pid
        with pytest.raises(
            Busy, match=rf"longer than 0\.4 s \(waiting for writers before build\): pid {pid} "
        ) as caught:
            run.act("public.b_pkey")

        assert f"select pg_terminate_backend({pid})" in caught.value.reason

    assert ["b_pkey_ccnew"] == invalid(database)


def test_wait_for_transactions_may_be_longer_than_the_wait_for_the_table(database, settings, running):
    bloated(database)
    split = changed(settings, locks={"other": timedelta(milliseconds=300), "drain": timedelta(seconds=60)})
    run = running(database, split, "reindex")
    with (
        open_transaction(database, WRITES) as holder,
        aside(lambda: run.act("public.b_pkey")) as ended,
    ):
        until(lambda: building(database, "waiting for writers before build"))
        [before] = database.execute("select clock_timestamp() as now")
        until(lambda: database.execute("select 1 where clock_timestamp() > %s + interval '600 ms'", [before["now"]]))
        assert [] == ended
        holder.rollback()
    [outcome] = ended

    assert outcome.after.file != outcome.before.file


def test_old_snapshot_is_waited_for_and_what_was_built_is_cleaned_away(database, settings, running):
    bloated(database)
    patient = changed(settings, locks={"drain": timedelta(milliseconds=400)})
    run = running(database, patient, "reindex")
    with open_transaction(database, *OLD) as holder:
        pid = holder.info.backend_pid
        with pytest.raises(Busy, match=rf"longer than 0\.4 s \(waiting for old snapshots\): pid {pid} \(someone"):
            run.act("public.b_pkey")

        assert [] == invalid(database)


def test_cleaning_up_is_no_second_wait_of_the_same_length(database, settings, running):
    bloated(database)
    patient = changed(
        settings, locks={"drain": timedelta(seconds=2)}, run={"cancel_grace": timedelta(milliseconds=400)}
    )
    run = running(database, patient, "reindex")
    with (
        open_transaction(database, WRITES),
        pytest.raises(Busy, match=r"longer than 2 s \(waiting for writers before build\)"),
    ):
        run.act("public.b_pkey")

    journaled = [event["phase"] for event in events(run.folder, "progress")]
    assert "waiting for writers before build" in journaled
    assert re.match(
        r"a leftover stays until the next run: transactions of others took longer than 0\.2 s", journaled[-1]
    )


def test_session_does_not_wait_for_ever_after_a_watched_statement(database, settings, running):
    bloated(database)
    run = running(database, settings, "reindex")
    run.act("public.b_pkey")

    assert [{"lock_timeout": "10s"}] == run.conn.execute("show lock_timeout").fetchall()


def test_progress_is_journaled_with_its_phases(database, settings, running):
    bloated(database, rows=400_000)
    run = running(database, settings, "reindex")
    with open_transaction(database, WRITES) as holder, aside(lambda: run.act("public.b_pkey")):
        until(lambda: building(database, "waiting for writers before build"))
        until(lambda: "waiting for writers" in (run.folder / "journal.jsonl").read_text())
        holder.rollback()


def test_a_rebuild_whose_steps_cannot_be_recorded_any_more_does_not_go_on(database, settings, running):
    bloated(database)
    run = running(database, settings, "reindex")
    original = run.journal.write

    def write(event, **fields):
        if event == "progress":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(event, **fields)

    run.journal.write = write
    with open_transaction(database, WRITES), pytest.raises((OSError, psycopg.errors.QueryCanceled)):
        run.act("public.b_pkey")


def test_blockers_are_terminated_where_the_profile_says_so(database, settings, running):
    bloated(database)
    ruthless = changed(settings, locks={"drain": timedelta(milliseconds=400), "terminate_blockers": True})
    run = running(database, ruthless, "reindex")
    for statement in (
        "grant pg_signal_backend to validahub_system",
        "create role stubborn login in role validahub_owner",
    ):
        database.execute(statement)
    try:
        with database.connect("stubborn", autocommit=False, application_name="someone") as holder:
            holder.execute(WRITES)
            [session] = run.act("public.b_pkey").figures["terminated"]
            pid = holder.info.backend_pid
            holder.close()
    finally:
        database.execute("drop role stubborn")
        database.execute("revoke pg_signal_backend from validahub_system")

    assert ("someone", pid) == (session["application"], session["pid"])
    assert [] == invalid(database)


def test_profile_may_allow_a_rebuild_in_place(database, settings, running):
    bloated(database)
    allowed = changed(settings, locks={"drain": timedelta(milliseconds=400)}, indexes={"plain_fallback": True})
    run = running(database, allowed, "reindex")
    with open_transaction(database, *OLD):
        outcome = run.act("public.b_pkey")

    assert "in place" == outcome.figures["how"]
    assert 'reindex index "public"."b_pkey"' in run.statements()
    assert outcome.after.bloat < 0.25
    assert [] == due(database, settings, running)


def test_killed_rebuild_is_cleaned_up_and_done_by_the_next_run(database, settings, running):
    bloated(database)
    run = running(database, settings, "reindex")
    with open_transaction(database, WRITES), aside(lambda: run.act("public.b_pkey")) as ended:
        [row] = until(lambda: building(database, "waiting for writers before build"))
        database.execute("select pg_terminate_backend(%s)", [row["pid"]])
    [error] = ended

    assert isinstance(error, psycopg.OperationalError)
    assert ["b_pkey_ccnew"] == invalid(database)

    cleaning = running(database, settings, "leftovers")
    leftovers_runbook(cleaning.due["public.b_pkey_ccnew"].subject, cleaning.action("public.b_pkey_ccnew"))
    again = running(database, settings, "reindex")
    runbook(again.due["public.b_pkey"].subject, again.action("public.b_pkey"))

    assert [] == invalid(database)
    assert {} == running(database, settings, "leftovers").due


def test_all_leftovers_go_numbered_and_truncated_ones_too(database, settings, running):
    long = "b_" + "é" * 30
    bloated(database)
    database.execute(sql.SQL("create index {} on public.b (twin)").format(sql.Identifier(long)))
    leave(database, "public.b_pkey", times=3)
    names = leave(database, f'public."{long}"')
    run = running(database, settings, "leftovers")

    assert {"b_pkey_ccnew", "b_pkey_ccnew1", "b_pkey_ccnew2"} < set(names)
    assert 4 == len(names) == len(run.due)
    for label, due in run.due.items():
        leftovers_runbook(due.subject, run.action(label))
    assert [] == invalid(database)


def test_old_index_that_was_not_dropped_any_more_goes(database, settings, running):
    bloated(database)
    database.execute("create index b_twin_ccold on public.b (twin)")
    database.execute("create index b_twin on public.b (twin)")
    database.execute("update pg_index set indisvalid = false where indexrelid = 'public.b_twin_ccold'::regclass")
    run = running(database, settings, "leftovers")

    assert "it is invalid, and b_twin does the same" == run.due["public.b_twin_ccold"].why
    assert not run.act("public.b_twin_ccold").after.standing


@pytest.mark.parametrize(
    "statement",
    [
        "create index b_x_ccnew on public.b (note)",
        "create index b_x_ccnew on public.b (twin desc)",
        "create index b_x_ccnew on public.b (twin) where twin > 1",
        "create unique index b_x_ccnew on public.b (twin, id)",
        "create index b_x_ccnew on public.b using hash (twin)",
        "create index b_x_ccnew2b on public.b (twin)",
        "create index b_x on public.b (twin)",
    ],
)
def test_other_invalid_indexes_are_not_dropped(database, settings, running, statement):
    bloated(database, "public.b", "(twin)", "(twin, id)")
    database.execute(statement)
    database.execute(
        "update pg_index set indisvalid = false from pg_class as c where c.oid = indexrelid and c.relname ~ '^b_x'"
    )

    assert {} == running(database, settings, "leftovers").due


def test_valid_index_with_such_a_name_is_not_dropped(database, settings, running):
    bloated(database, "public.b", "(twin)")
    database.execute("create index b_x_ccnew on public.b (twin)")

    assert {} == running(database, settings, "leftovers").due


def test_build_that_goes_on_is_no_leftover(database, settings, running):
    bloated(database)
    rebuild = "reindex index concurrently public.b_pkey"
    with (
        open_transaction(database, WRITES) as holder,
        aside(lambda: database.execute(rebuild)) as ended,
    ):
        until(lambda: building(database, "waiting for writers before build"))
        labels = dict(running(database, settings, "leftovers").due)
        present = invalid(database)
        holder.rollback()

    assert (["b_pkey_ccnew"], {}, [[]]) == (present, labels, ended)


def test_leftover_of_a_table_that_is_locked_is_busy(database, impatient, running):
    bloated(database)
    leave(database, "public.b_pkey")
    run = running(database, impatient, "leftovers")
    with (
        open_transaction(database, "lock table public.b in share update exclusive mode") as holder,
        pytest.raises(Busy, match=rf"lock of public\.b not had in 0\.4 s: pid {holder.info.backend_pid} "),
    ):
        run.act("public.b_pkey_ccnew")

    assert not run.act("public.b_pkey_ccnew").after.standing


def test_leftover_waits_for_readers_within_the_budget_of_transactions(database, settings, running):
    bloated(database)
    leave(database, "public.b_pkey")
    patient = changed(settings, locks={"drain": timedelta(milliseconds=400)})
    run = running(database, patient, "leftovers")
    with (
        open_transaction(database, "select count(*) from public.b") as holder,
        pytest.raises(Busy, match=rf"longer than 0\.4 s \(dropping\): pid {holder.info.backend_pid} "),
    ):
        run.act("public.b_pkey_ccnew")

    assert not running(database, settings, "leftovers").act("public.b_pkey_ccnew").after.standing


def test_leftover_that_is_gone_needs_nothing(database, settings, running):
    bloated(database)
    leave(database, "public.b_pkey")
    run = running(database, settings, "leftovers")
    database.execute("drop index public.b_pkey_ccnew")

    with pytest.raises(NotNeeded):
        run.act("public.b_pkey_ccnew")


def in_tablespace(database, name):
    database.execute(sql.SQL("alter index public.b_pkey set tablespace {}").format(sql.Identifier(name)))


def test_full_tablespace_defers_before_anything_is_built(database, settings, running, small_tablespace):
    bloated(database, rows=400_000)
    in_tablespace(database, small_tablespace(12))
    run = running(database, settings, "reindex")
    before = index_of(database, "b_pkey")

    with pytest.raises(Deferred, match=r"9 MB are to be written, and [\d] of 12 MB are free"):
        run.act("public.b_pkey")

    assert before == index_of(database, "b_pkey")
    assert [] == invalid(database)


def test_disk_that_is_full_after_all_is_an_error_and_nothing_stays(database, settings, tmp_path, small_tablespace):
    bloated(database, rows=400_000, keep=2)
    name = small_tablespace(12)
    in_tablespace(database, name)
    boastful = changed(settings, target={"tablespaces": {name: 1 << 30}})
    with elsewhere(database.conninfo("validahub_maintenance")) as conninfo:
        run = Running(Target("database", conninfo, "far"), boastful, "reindex", tmp_path)
        with pytest.raises(psycopg.errors.DiskFull, match="No space left on device"):
            run.act("public.b_pkey")
        run.conn.close()

    assert (True, []) == (index_of(database, "b_pkey")["valid"], invalid(database))


def test_index_that_a_prepared_transaction_has_locked_is_stepped_around(database, impatient, running):
    bloated(database, "public.b", "(twin)")
    gid = sql.Literal("reindexed")
    with database.connect() as conn:
        conn.execute("begin")
        conn.execute("reindex index public.b_twin_idx")
        conn.execute(sql.SQL("prepare transaction {}").format(gid))
        try:
            planned = due(database, impatient, running)
        finally:
            conn.execute(sql.SQL("rollback prepared {}").format(gid))

    assert "public.b_pkey" in planned


def test_index_that_is_locked_when_its_turn_comes_is_busy_and_the_holder_is_named(database, impatient, running):
    bloated(database)
    run = running(database, impatient, "reindex")

    with open_transaction(database, "reindex index public.b_pkey"), pytest.raises(Busy) as busy:
        run.act("public.b_pkey")

    assert re.search(r"pid \d+ \(someone, idle in transaction\) holds .*AccessExclusiveLock", str(busy.value))


def test_indexes_that_are_gone_are_forgotten_also_in_a_schema_that_may_not_be_entered(database, settings, running):
    bloated(database)
    known = sql.SQL("insert into steward.index_bloat values ({}, '', now(), 1, null, null, 0, false)")
    there = sql.Identifier("hidden", HOSTILE).as_string(None)
    database.execute("create schema hidden")
    database.execute(sql.SQL("create table {} ()").format(sql.Identifier("hidden", HOSTILE)))
    for name in ("hidden.gone", "public.gone", there):
        database.execute(known.format(sql.Literal(name)))

    running(database, settings, "reindex").act("public.b_pkey")

    left = database.execute("select index from steward.index_bloat")
    assert {there, "public.b_pkey"} == {row["index"] for row in left}
