from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import sql

from checks import test_partitions as runbook
from steward.actions.partitioning import expectations
from steward.database import inventory
from steward.profile import PartitionFamily
from tests.fixtures.running import changed, open_transaction, until
from tests.fixtures.trees import days, plant
from tests.maintenance.test_partitions import HOSTILE, default, family, month

QUERIES = ("gaps", "default", "sizes", "leftovers", "unmanaged")


@pytest.fixture
def found(checking, settings):
    """What one query of the check finds: ``found(database, "gaps")``."""

    def ask(database, query, **tables):
        check = checking(database, changed(settings, **tables))
        limit = {"size_limit": check.settings.figures.partition_size_limit} if query == "sizes" else {}
        findings = check.run(
            f"partitions_{query}", expectations.query_parts(check), **expectations.query_params(check), **limit
        )
        return [(finding.object_name, finding.observed) for finding in findings.found]

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
    with open_transaction(database, "select count(*) from public.events"):
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


def test_odd_bounds_are_not_managed(database, found):
    for statement in (
        "create table public.a (at date) partition by range (at)",
        "create table public.a_1 partition of public.a for values from ('2020-01-03') to ('2020-07-01')",
        "create table public.b (at timestamp) partition by range (at)",
        "create table public.b_1 partition of public.b for values from ('2020-01-01') to ('2020-01-31 23:59:59')",
        "create table public.c (k int) partition by list (k)",
        "create table public.d (at date) partition by range ((at + 1))",
    ):
        database.execute(statement)

    assert [
        ("public.a", "bounds that are no day, week, month, quarter or year"),
        ("public.b", "bounds that are no day, week, month, quarter or year"),
        ("public.d", "a range over an expression"),
    ] == found(database, "unmanaged")


SECONDS = {"public.events": PartitionFamily(epoch="seconds")}


def counted(database, *months):
    """A family of months that are counted in seconds."""
    bounds = [(int(month(ahead).timestamp()), int(month(ahead + 1).timestamp())) for ahead in months]
    plant(
        database,
        "create table public.events (at bigint) partition by range (at)",
        *(
            f"create table public.events_{low} partition of public.events for values from ({low}) to ({high})"
            for low, high in bounds
        ),
    )


def test_gaps_of_a_family_that_counts_are_told_as_times(database, found):
    counted(database, -3, -1, 0)

    gaps = [observed for _, observed in found(database, "gaps", partitions={"families": SECONDS})]

    assert [
        f"no partition from {month(low):%Y-%m-%d} 00:00:00 to {month(low + 1):%Y-%m-%d} 00:00:00 UTC" for low in (-2, 1)
    ] == gaps


def test_a_family_that_counts_is_healthy_when_it_is_covered_or_open(database, found):
    counted(database, -1, 0, 1)
    plant(database, f"create table public.late partition of public.events for values from ({2**40}) to (maxvalue)")
    plant(database, f"create table public.far partition of public.events for values from ({2**39}) to ({2**40})")

    assert [] == found(database, "gaps", partitions={"families": SECONDS})
    assert [] == found(database, "unmanaged", partitions={"families": SECONDS})


@pytest.mark.parametrize(
    ("factor", "advice"),
    [(1, 'epoch = "seconds"'), (1000, 'epoch = "milliseconds"'), (7, "if it counts time since 1970, set its unit")],
)
def test_numbers_that_look_like_time_are_told_with_what_to_say(database, settings, checking, factor, advice):
    low, high = (int(month(ahead).timestamp()) * factor for ahead in (0, 1))
    plant(
        database,
        "create table public.events (at bigint) partition by range (at)",
        f"create table public.events_1 partition of public.events for values from ({low}) to ({high})",
    )
    check = checking(database, settings)
    [finding] = check.run(
        "partitions_unmanaged", expectations.query_parts(check), **expectations.query_params(check)
    ).found

    assert "a range over bigint" == finding.observed
    assert advice in finding.remediation
    assert "[partitions.families.'public.events']" in finding.remediation


def test_a_profile_that_counts_what_is_no_number_is_told(database, settings, checking):
    family(database, months=(-1, 0, 1))
    check = checking(database, changed(settings, partitions={"families": SECONDS}))
    [finding] = check.run(
        "partitions_unmanaged", expectations.query_parts(check), **expectations.query_params(check)
    ).found

    assert "leave out epoch = 'seconds'" in finding.remediation


def test_a_branch_is_expected_within_its_own_bounds_only(database, found):
    whole = [month(ahead) for ahead in (-2, -1, 0, 1)]
    plant(
        database,
        "create table public.events (at date) partition by range (at)",
        *(
            f"create table public.e_{low:%Y_%m} partition of public.events for values from ('{low:%Y-%m-%d}')"
            f" to ('{high:%Y-%m-%d}') partition by range (at)"
            for low, high in zip(whole, [*whole[1:], month(2)], strict=True)
        ),
        *(
            f"create table public.e_{low:%Y_%m_%d} partition of public.e_{low:%Y_%m} for values"
            f" from ('{low:%Y-%m-%d}') to ('{high:%Y-%m-%d}')"
            for low, high in days(month(-2), month(2))
        ),
    )
    assert [] == found(database, "gaps")

    for at in (month(-2) + timedelta(days=9), month(1) + timedelta(days=27)):
        database.execute(f"drop table public.e_{at:%Y_%m_%d}")

    assert [f"public.e_{month(-2):%Y_%m}"] == [name for name, _ in found(database, "gaps")]


def test_periods_of_a_default_partition_are_nobodys_to_come(database, found):
    family(database, key="date", months=(-1, 0, 1))
    plant(
        database,
        "create table public.rest partition of public.events default partition by range (at)",
        "create table public.rest_1990 partition of public.rest for values from ('1990-01-01') to ('1991-01-01')",
    )

    assert [] == found(database, "gaps")
    assert [] == found(database, "unmanaged")


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
    assert 82 == len(next(managed for managed in inventory_of(check).families if managed.name == "events").partitions)


def inventory_of(check):
    return inventory.scan(check.conn, check.settings.profile)
