from __future__ import annotations

from itertools import pairwise

import pytest
from psycopg import sql

from steward import InventoryError, profile
from steward.profile import PartitionFamily
from steward.setup import introspect
from tests.fixtures import foreign
from tests.fixtures.trees import plant


@pytest.fixture
def inspected(blank):
    """What an inspection of a database with these things finds."""

    def look(made=None, *statements):
        if made is not None:
            foreign.plant(blank, made)
        for statement in statements:
            blank.execute(statement)
        return introspect.inspect(blank.target("postgres"), profile.load("any"))

    return look


def rules(found):
    return {family.ident: family.rule for family in found.families}


def test_calendars_are_recognised_and_told(inspected):
    found = inspected(foreign.calendars())

    assert {
        "public.points": PartitionFamily(epoch="milliseconds", ahead=3),
        "public.ticks": PartitionFamily(epoch="seconds", ahead=3),
        "public.bills": PartitionFamily(ahead=2),
        "public.books": PartitionFamily(ahead=1),
    } == rules(found)
    assert {"month", "quarter", "year"} == {family.granularity for family in found.families}
    assert ["public.ticks"] == [family.ident for family in found.families if not family.learnt]


def test_numbers_that_are_no_calendar_are_not_taken_for_one(inspected):
    found = inspected(
        None,
        "create table public.numbers (n bigint) partition by range (n)",
        "create table public.n_1 partition of public.numbers for values from (0) to (1000000)",
        "create table public.n_2 partition of public.numbers for values from (1000000) to (2000000)",
    )

    [family] = found.families
    assert (None, "a range over bigint") == (family.rule.epoch, family.reason)


def test_midnights_of_the_databases_own_zone_are_recognised(blank, inspected):
    statement = "alter database {} set timezone = 'America/Sao_Paulo'"
    blank.execute(sql.SQL(statement).format(sql.Identifier(blank.name)))
    months = [f"{foreign.month(n):%Y-%m-%d}" for n in range(-2, 2)]
    plant(
        blank,
        "create table public.events (at timestamptz) partition by range (at)",
        *(
            f"create table public.events_{low[:7].replace('-', '_')} partition of public.events"
            f" for values from ('{low}') to ('{high}')"
            for low, high in pairwise(months)
        ),
        owner="postgres",
    )

    assert {"public.events": PartitionFamily(timezone="America/Sao_Paulo", ahead=3)} == rules(inspected())


def test_levels_that_are_laid_out_with_the_one_above_are_left_out(inspected):
    found = inspected(foreign.trees())

    assert {"app.sales_br", "app.sales_pt", "app.hits", "app.visits"} == set(rules(found))


def test_tenants_are_told_by_what_policies_read(inspected):
    found = inspected(foreign.tenants())

    assert ("shop_id", "shop.current") == (found.tenancy["column"], found.tenancy["setting"])
    assert ['shop."O""rd""er lines"', "shop.orders"] == found.tenancy["tables"]
    assert (2, 2) == (found.tenancy["present"], found.tenancy["of"])


def test_a_policy_that_reads_no_setting_tells_no_tenants(inspected):
    found = inspected(
        foreign.plain(),
        "create policy p on logs.sessions using (id > 5)",
        "create policy q on logs.lines using (at < now())",
    )

    assert found.tenancy is None


def test_roles_are_told_by_what_they_may(inspected):
    found = inspected(foreign.tenants())

    assert [foreign.OWNER] == [role.role for role in found.owners]
    assert ["shop_app"] == [role.role for role in found.application]
    assert [] == [role for role in found.maintenance if role.superuser]


def test_columns_that_look_like_clocks_are_told_with_their_type(inspected):
    found = inspected(foreign.tenants())

    assert {("deleted_at", "timestamp with time zone"), ("expires", "bigint")} == {
        (span["column"], span["type"]) for span in found.clocks
    }


def test_an_empty_database_is_refused_in_one_line(inspected):
    with pytest.raises(InventoryError, match="0 tables are in sight of role postgres"):
        inspected()


def test_nothing_is_written(blank, inspected):
    before = "select xact_commit from pg_stat_database where datname = current_database()"
    inspected(foreign.tenants())

    roles = blank.execute("select 1 from pg_namespace where nspname = 'steward'")
    assert [] == roles
    assert blank.execute(before)
