from __future__ import annotations

import contextlib
import re
from datetime import timedelta

import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from checks.test_queries import test_cache as cache
from checks.test_queries import test_canary as canary
from checks.test_queries import test_logged as logged
from checks.test_queries import test_p95 as p95
from steward import Inconclusive, NotNeeded
from tests.fixtures.running import changed, until


@pytest.fixture
def strict(settings):
    """A profile whose figures a test reaches quickly."""
    figures = {"minimum_reads": 3000, "minimum_calls": 20, "p95": timedelta(milliseconds=4)}
    return changed(settings, queries=figures)


def judged(runbook, check):
    """Run a check's item; return what it found, () where it holds."""
    with contextlib.suppress(AssertionError):
        runbook(check)
    return check.offenders


# --- cache -------------------------------------------------------------------------------------------


def misses(database):
    """Read what does not fit into the cache; a scan of more than a quarter of it keeps to a corner of it."""
    database.execute(
        "create table if not exists public.large as select repeat('x', 1000) from generate_series(1, 30000)"
    )
    with database.connect() as conn:
        for _ in range(4):
            conn.execute("select count(*) from public.large")


def hits(database):
    database.execute(
        "create table if not exists public.little as select repeat('x', 1000) from generate_series(1, 500)"
    )
    with database.connect() as conn:
        for _ in range(200):
            conn.execute("select count(*) from public.little")


def test_a_cache_that_misses_is_found(database, strict, taken, checking):
    taken(database)
    misses(database)

    [found] = judged(cache, checking(database, strict))

    assert ("database", database.name) == (found.object_type, found.object_name)
    assert re.fullmatch(r"\d+\.\d % of \d+ blocks", found.observed)
    assert found.detail.startswith("since the snapshot of ")


def test_a_cache_that_hits_passes(database, strict, taken, checking):
    taken(database)
    hits(database)

    assert [] == judged(cache, checking(database, strict))


def test_only_what_came_after_the_last_snapshot_counts(database, strict, taken, checking):
    misses(database)
    taken(database)
    hits(database)

    assert [] == judged(cache, checking(database, strict))


def test_without_a_snapshot_the_counters_whole_time_counts(database, strict, checking):
    misses(database)

    [found] = judged(cache, checking(database, strict))

    assert found.detail.startswith("since the counters began")


def test_counters_that_were_reset_are_not_compared(database, strict, taken, checking):
    hits(database)
    taken(database)
    database.execute("select pg_stat_reset()")
    misses(database)

    [found] = judged(cache, checking(database, strict))

    assert found.detail.startswith("since the counters began at ")


def test_too_few_reads_are_not_judged(database, settings, taken, checking):
    taken(database)

    with pytest.raises(NotNeeded, match=r"not judged: only .* blocks were asked for since the snapshot"):
        cache(checking(database, settings))


# --- statements ----------------------------------------------------------------------------------------


def called(database, milliseconds, calls=20, role="validahub_app"):
    """Call one and the same statement, which takes so long each time."""
    with database.connect(role if role == "postgres" else "postgres") as conn:
        conn.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        for n in range(calls):
            conn.execute("select pg_sleep(%s), 'secret-value'", [milliseconds[n % len(milliseconds)] / 1000])


def queryid(database):
    [row] = database.execute("""
        select queryid, mean_exec_time as mean, stddev_exec_time as deviation, max_exec_time as longest
        from pg_stat_statements
        where query like 'select pg_sleep(%'
            and dbid = (select oid from pg_database where datname = current_database())
    """)
    return row


def test_a_slow_statement_is_found_by_its_number_and_marked_as_an_estimate(database, strict, checking):
    called(database, [8])

    check = checking(database, strict)
    [found] = judged(p95, check)
    known = queryid(database)

    assert ("statement", str(known["queryid"])) == (found.object_type, found.object_name)
    assert "(estimated 95th percentile)" in found.observed
    assert "an estimate: mean + 1.645 x deviation" in found.detail
    assert "under 4" in found.expected
    assert "secret" not in str(found)
    assert "pg_sleep" not in str(check.statements)


def test_the_estimate_is_the_stated_formula_and_never_over_the_longest_time(database, strict, checking):
    called(database, [1, 1, 1, 20])

    [found] = judged(p95, checking(database, strict))
    known = queryid(database)
    estimate = min(known["mean"] + 1.645 * known["deviation"], known["longest"])

    # The server's deviation and its mean are rounded sums.
    assert estimate == pytest.approx(float(found.observed.split()[0]), rel=0.01)


def test_quick_statements_pass(database, strict, checking):
    called(database, [0], calls=40)

    assert [] == judged(p95, checking(database, changed(strict, queries={"p95": timedelta(milliseconds=500)})))


def test_a_statement_that_is_called_too_rarely_says_nothing(database, strict, checking):
    called(database, [8], calls=19)

    with pytest.raises(NotNeeded, match="not judged: no statement of the application was called 20 times"):
        p95(checking(database, strict))


def test_what_was_slow_before_the_last_snapshot_is_over(database, strict, taken, checking):
    called(database, [8])
    taken(database)
    called(database, [0], calls=30)
    strict = changed(strict, queries={"p95": timedelta(milliseconds=6)})

    assert [] == judged(p95, checking(database, strict))


def test_what_became_slow_since_is_found_though_its_whole_history_is_quick(database, strict, taken, checking):
    called(database, [0], calls=400)
    taken(database)
    called(database, [8])
    whole = queryid(database)

    [found] = judged(p95, checking(database, strict))

    assert whole["mean"] < 4
    assert found.detail.startswith("20 calls since ")


def test_what_maintenance_runs_is_no_workload(database, strict, checking):
    called(database, [8], role="validahub_system")
    called(database, [0], calls=20)

    assert [] == judged(p95, checking(database, changed(strict, queries={"p95": timedelta(milliseconds=7)})))


def test_statements_that_cannot_be_seen_are_inconclusive(database, strict, checking):
    called(database, [0])
    database.execute("revoke pg_monitor from validahub_system")
    try:
        with pytest.raises(Inconclusive, match=r"other roles' statements are hidden .grant pg_monitor"):
            p95(checking(database, strict))
    finally:
        database.execute("grant pg_monitor to validahub_system")


@pytest.mark.parametrize(("required", "outcome"), [(("pg_stat_statements",), Inconclusive), ((), NotNeeded)])
def test_without_the_extension_nothing_is_green(database, strict, checking, required, outcome):
    database.execute("drop extension pg_stat_statements")
    strict = changed(strict, extensions={"required": required})

    with pytest.raises(outcome, match="the extension pg_stat_statements is not in the database"):
        p95(checking(database, strict))


def test_an_extension_that_the_server_has_not_loaded_is_inconclusive(own_cluster, strict, checking):
    database = own_cluster.create(own_cluster.template("empty"))
    database.execute("alter system set shared_preload_libraries = 'plpgsql'")
    own_cluster.stop()
    own_cluster.start()

    with pytest.raises(Inconclusive, match=r"must be loaded via .* .then restart the server."):
        p95(checking(database, strict))


# --- canary ------------------------------------------------------------------------------------------


def flown(database, ago, p95, reads=40):
    """The row that a run with a canary leaves."""
    figures = {"canary": {"reads": reads, "p95_ms": p95, "max_ms": 50.5, "relation": "public.suggestions"}}
    database.execute(
        "insert into public.maintenance_log (maintenance_type, started_at, completed_at, details)"
        " values ('daily_maintenance', now() - %s::interval, now(), %s)",
        [ago, Jsonb({**figures, "run_id": f"run of {ago} ago"})],
    )


def test_slow_reads_of_the_last_runs_canary_are_found(database, strict, checking):
    flown(database, "2 days", 0.5)
    flown(database, "1 day", 12.25)

    [found] = judged(canary, checking(database, strict))

    assert "daily_maintenance run of 1 day ago" == found.object_name
    assert "12.25 ms (measured 95th percentile)" == found.observed
    assert "40 reads; the slowest took 50.5 ms, of public.suggestions" == found.detail


def test_quick_reads_pass_and_too_few_are_no_measure(database, strict, checking):
    flown(database, "2 days", 0.5)
    flown(database, "1 day", 12.25, reads=19)

    assert [] == judged(canary, checking(database, strict))


def test_without_a_canary_there_is_nothing_to_judge(database, strict, checking):
    with pytest.raises(NotNeeded, match="no run of the log has as many reads"):
        canary(checking(database, strict))


# --- logged durations --------------------------------------------------------------------------------

NAPS = 25
LOGGING = ("logging_collector = on", "log_destination = jsonlog", "log_min_duration_statement = 0", "lc_messages = 'C'")
READING = (
    "grant execute on function pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean), "
    "pg_catalog.pg_current_logfile(text) to validahub_system"
)


@pytest.fixture
def talking(own_cluster):
    """A database whose server logs how long each statement took; the log may be read."""
    if own_cluster.version < 15:
        pytest.skip("JSON logs came with 15")
    with own_cluster.connect() as conn:
        for setting in LOGGING:
            conn.execute(f"alter system set {setting}")
    own_cluster.stop()
    own_cluster.start()
    database = own_cluster.create(own_cluster.template("empty"))
    database.execute(READING)
    return database


def naps(database, seconds):
    """Let the application take its time, in a transaction as it does, until the log has it."""
    with database.connect("validahub_maintenance", autocommit=False) as conn:
        conn.execute("set role validahub_app")
        for _ in range(NAPS):
            conn.execute("select 'é', pg_sleep(%s)", [seconds])
    # What asks is logged as well, and must not find itself.
    asking = (
        "select count(*) as naps from regexp_matches(pg_read_file(pg_current_logfile('jsonlog')), 'pg_slee[p]', 'g')"
    )
    until(lambda: database.execute(asking)[0]["naps"] >= NAPS)


def test_slow_statements_are_measured_by_the_durations_that_the_server_logs(talking, strict, checking):
    naps(talking, 0.02)

    [found] = judged(logged, checking(talking, strict))
    assert ("database", talking.name) == (found.object_type, found.object_name)
    measured = re.fullmatch(r"([\d.]+) ms \(measured 95th percentile\)", found.observed)
    assert measured
    assert float(measured[1]) >= 20
    assert not judged(logged, checking(talking, changed(strict, queries={"p95": timedelta(seconds=20)})))


@pytest.mark.parametrize(
    ("lacking", "reason"),
    [
        ("log_min_duration_statement = '1ms'", "log_min_duration_statement = 0"),
        ("log_destination = 'stderr'", "log_destination = 'jsonlog'"),
        (READING.replace("grant", "revoke").replace(" to ", " from "), "grant execute on function"),
    ],
)
def test_a_log_that_tells_no_durations_is_not_judged_and_says_why(talking, strict, checking, lacking, reason):
    talking.execute(lacking if lacking.startswith("revoke") else f"alter system set {lacking}")
    talking.execute("select pg_reload_conf()")

    def undecided():
        with pytest.raises(NotNeeded) as caught:
            logged(checking(talking, strict))
        return reason in caught.value.reason

    until(undecided)


def test_other_databases_and_maintenance_are_left_out(talking, strict, checking):
    naps(talking.cluster.create(), 0.02)

    with pytest.raises(NotNeeded, match="statements of the application at the end of the server's log"):
        logged(checking(talking, strict))
