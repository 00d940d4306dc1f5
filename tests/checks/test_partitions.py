from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import sql

from checks import test_partitions as runbook
from steward import inventory
from steward.procedures import coverage
from tests.fixtures.running import changed, held, until
from tests.maintenance.test_partitions import HOSTILE, default, family, month

QUERIES = ("gaps", "default", "sizes", "leftovers", "unmanaged")


@pytest.fixture
def found(checking, settings):
    """What one query of the check finds: ``found(database, "gaps")``."""

    def ask(database, query, **tables):
        check = checking(database, changed(settings, **tables))
        limit = {"size_limit": check.settings.figures.partition_size_limit} if query == "sizes" else {}
        findings = check.run(f"partitions_{query}", coverage.within(check), **coverage.expected(check), **limit)
        return [(each.object_name, each.observed) for each in findings.found]

    return ask


@pytest.mark.parametrize("query", QUERIES)
def test_a_healthy_database_is_green(database, found, query):
    assert [] == found(database, query)


@pytest.mark.parametrize("query", QUERIES)
def test_a_healthy_runbook_item_passes(database, settings, checking, query):
    getattr(runbook, f"test_{query}")(checking(database, settings))


def test_a_missing_coming_month_is_a_gap(database, settings, checking, found):
    family(database)

    assert [
        ("public.events", f"no partition from {month(1):%Y-%m-%d} 00:00:00 to {month(2):%Y-%m-%d} 00:00:00 UTC")
    ] == (found(database, "gaps"))
    with pytest.raises(AssertionError):
        runbook.test_gaps(checking(database, settings))


def test_a_hole_in_the_past_is_a_gap_and_a_stray_partition_of_the_future_is_none(database, found):
    family(database, months=(-4, -3, -1, 0, 1, 400))

    assert [
        ("public.events", f"no partition from {month(-2):%Y-%m-%d} 00:00:00 to {month(-1):%Y-%m-%d} 00:00:00 UTC")
    ] == (found(database, "gaps"))


def test_a_family_that_ended_long_ago_lacks_the_present_too(database, found):
    family(database, months=(-9, -8))

    assert [
        ("public.events", f"no partition from {month(-7):%Y-%m-%d} 00:00:00 to {month(2):%Y-%m-%d} 00:00:00 UTC")
    ] == (found(database, "gaps"))


def test_a_family_that_begins_later_lacks_the_present(database, found):
    family(database, months=(1, 2, 3))
    [(name, observed)] = found(database, "gaps")

    assert "public.events" == name
    assert observed.endswith(f"to {month(1):%Y-%m-%d} 00:00:00 UTC")


def test_an_open_end_covers_everything(database, found):
    family(database, months=(-1, 0))
    database.execute(
        sql.SQL("create table public.events_rest partition of public.events for values from ({}) to (maxvalue)").format(
            f"{month(1):%Y-%m-%d} 00:00+00"
        )
    )

    assert [] == found(database, "gaps")


def test_a_detach_left_half_way_is_found(database, found):
    family(database, months=(-2, -1, 0, 1))
    leaf = f"public.events_{month(-2):%Y_%m}"
    with held(database, "select count(*) from public.events"):
        thread = threading.Thread(target=_detach, args=(database, leaf))
        thread.start()
        until(lambda: database.execute("select 1 from pg_inherits where inhdetachpending"))
        database.execute(
            "select pg_cancel_backend(pid) from pg_stat_activity where query like 'alter table%%concurrently'"
        )
        thread.join()

    assert [(leaf, "being detached from public.events")] == found(database, "gaps")


def _detach(database, leaf):
    with pytest.raises(Exception, match="canceling"), database.connect() as conn:
        conn.execute(sql.SQL("alter table public.events detach partition {} concurrently").format(sql.SQL(leaf)))


def test_rows_in_a_default_partition_are_found(database, settings, checking, found):
    family(database, months=(-1, 0, 1))
    default(database, rows=[month(-9), month(-8)])

    assert [("public.events_rest", "about 2 rows")] == found(database, "default")
    with pytest.raises(AssertionError):
        runbook.test_default(checking(database, settings))


def test_an_empty_default_partition_is_not(database, found):
    family(database, months=(-1, 0, 1))
    default(database)

    assert [] == found(database, "default")


def test_a_partition_over_the_limit_is_found_and_one_below_is_not(database, settings, checking, found):
    family(database, months=(-1, 0, 1))
    database.execute("insert into public.events select n, now(), repeat('x', 500) from generate_series(1, 2000) as n")
    leaf = f"public.events_{month(0):%Y_%m}"

    assert [leaf] == [name for name, _ in found(database, "sizes", daily={"partition_size_limit": 1 << 20})]
    assert [] == found(database, "sizes", daily={"partition_size_limit": 1 << 30})
    with pytest.raises(AssertionError):
        runbook.test_sizes(checking(database, changed(settings, daily={"partition_size_limit": 1 << 20})))


def test_a_table_that_is_only_named_like_a_partition_is_found(database, settings, checking, found):
    family(database, months=(-1, 0, 1))
    database.execute("create table public.events_2001_02 ()")
    database.execute("create table public.events_of_2001 ()")

    assert [("public.events_2001_02", "a table of its own")] == found(database, "leftovers")
    with pytest.raises(AssertionError):
        runbook.test_leftovers(checking(database, settings))


@pytest.mark.parametrize(
    "case",
    [
        ("create table public.e (n bigint) partition by range (n)", "a range over bigint"),
        ("create table public.e (at date, n int) partition by range (at, n)", "a key of several columns"),
        ("create table public.e (at date) partition by range (at)", "no partition to learn the period from"),
    ],
)
def test_a_family_that_is_not_managed_says_why(database, settings, checking, found, case):
    statement, observed = case

    database.execute(statement)

    assert [("public.e", observed)] == found(database, "unmanaged")
    assert [] == found(database, "unmanaged", partitions={"exclude": ("public.e",)})
    with pytest.raises(AssertionError):
        runbook.test_unmanaged(checking(database, settings))


def test_odd_bounds_and_deeper_trees_are_not_managed(database, found):
    for statement in (
        "create table public.a (at date) partition by range (at)",
        "create table public.a_1 partition of public.a for values from ('2020-01-03') to ('2020-07-01')",
        "create table public.b (at date, k int) partition by range (at)",
        (
            "create table public.b_1 partition of public.b for values from ('2020-01-01') to ('2020-02-01')"
            " partition by list (k)"
        ),
        "create table public.c (k int) partition by list (k)",
    ):
        database.execute(statement)

    assert [
        ("public.a", "bounds that are no day, week, month, quarter or year"),
        ("public.b", "partitions that are partitioned themselves"),
    ] == found(database, "unmanaged")


def test_hostile_names_are_checked(database, found):
    family(database, HOSTILE, months=(-1, 0), naming="{name} {at:%Y-%m}")
    database.execute(sql.SQL("create table public.{} ()").format(sql.Identifier(f"{HOSTILE} 2001-01")))
    quoted = '"{}"'.format(HOSTILE.replace('"', '""'))

    assert [f"public.{quoted}"] == [name for name, _ in found(database, "gaps")]
    assert [f'public."{HOSTILE} 2001-01"'.replace('"é"', '""é""')] == [name for name, _ in found(database, "leftovers")]


def test_what_the_profile_leaves_out_is_not_checked(database, found):
    family(database)

    assert [] == found(database, "gaps", target={"exclude": ("public.events",)})
    assert [] == found(database, "gaps", partitions={"exclude": ("public.e*",)})


def test_many_partitions_take_no_more_queries(database, settings, checking):
    family(database, months=range(-80, 2))
    check = checking(database, settings)

    for query in QUERIES:
        getattr(runbook, f"test_{query}")(check)

    assert len(QUERIES) == len(check.statements)
    assert datetime.now(UTC) - datetime.fromisoformat(check.scan.server.taken_at) < timedelta(seconds=30)
    assert 82 == len(next(each for each in inventory_of(check).families if each.name == "events").partitions)


def inventory_of(check):
    return inventory.scan(check.conn, check.settings.profile)
