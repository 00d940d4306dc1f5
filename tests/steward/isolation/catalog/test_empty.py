"""Tenants that are texts, and the text that a reset setting is: rows of the tenant ''."""

from __future__ import annotations

import pytest

from steward.isolation.catalog import policy_findings, snapshot
from tests.fixtures.market import SETTING

VALUE = f"current_setting('{SETTING}', true)"
# What is beside a policy that compares the column with the setting as it is.
BARE = f"drop policy tenant on market.orders; create policy tenant on market.orders using (tenant_id = {VALUE})"
OPEN = (
    "alter table market.orders alter tenant_id set not null",
    "alter table market.orders add constraint tenant_check check (tenant_id <> 'nobody')",
    "alter table market.orders add constraint tenant_check check (tenant_id <> '') not valid",
    "alter table market.orders add constraint tenant_check check (tenant_id ~ '^[a-z]*$')",
    "alter table market.orders add constraint tenant_check check (tenant_id ~ '^[[:alpha:]]*$')",
    "alter table market.orders add constraint tenant_check check (plan <> '' and tenant_id is not null)",
    "create policy narrow on market.orders as restrictive for delete using (tenant_id <> '')",
)
SHUT = (
    "alter table market.orders add constraint tenant_check check (tenant_id <> '')",
    "alter table market.orders add constraint tenant_check check (length(tenant_id) > 0)",
    "alter table market.orders add constraint tenant_check check (char_length(trim(tenant_id)) between 1 and 50)",
    "alter table market.orders add constraint tenant_check check (tenant_id ~ '^[a-z]{{1,47}}$')",
    "alter table market.orders add constraint tenant_check check (tenant_id like 'a%' or tenant_id in ('globex'))",
    f"create policy narrow on market.orders as restrictive using ({VALUE} <> '')",
)


@pytest.mark.parametrize("beside", OPEN)
def test_a_policy_that_a_reset_setting_meets_is_found_and_mended(market_of, beside):
    market = market_of("text")
    market.run(BARE, beside)
    found = market.found()

    assert ["isolation_policies.unset"] == list(found)
    assert "tenant on market.orders: lets through rows of the tenant '' while no tenant is set" in found.popitem()[1][0]

    with market.check() as check:
        [finding] = policy_findings.findings("unset", *snapshot.application_policies(check))
    market.run(finding.remediation)

    assert {} == market.found()


@pytest.mark.parametrize("beside", SHUT)
def test_a_table_or_a_policy_that_refuses_the_empty_text_is_no_finding(market_of, beside):
    market = market_of("text")
    market.run(BARE, beside)

    assert {} == market.found()


def test_a_tenant_that_must_be_in_a_table_of_tenants_is_not_empty(market_of):
    market = market_of("text")
    market.run(
        BARE,
        "create table market.tenants (name text primary key); insert into market.tenants values ({a}), ({b})",
        "alter table market.orders add foreign key (tenant_id) references market.tenants (name)",
    )

    assert {} == market.found()


def test_a_domain_that_refuses_the_empty_text_does_it_for_its_columns(market_of):
    market = market_of("text")
    market.run(
        "create domain market.name as text check (value <> ''); create domain market.word as text check (value <> 'x')",
        "create table market.named (tenant_id market.name); create table market.worded (tenant_id market.word)",
        *(
            f"alter table {table} enable row level security; create policy own on {table} using (tenant_id = {VALUE})"
            for table in ("market.named", "market.worded")
        ),
    )

    assert [offender.partition(":")[0] for offender in market.found()["isolation_policies.unset"]] == [
        "own on market.worded"
    ]


def test_a_pooled_session_writes_rows_of_nobody_that_every_other_one_reads(market_of):
    market = market_of("text")
    market.run(
        BARE,
        f"alter table market.orders alter tenant_id set default {VALUE}; grant all on market.orders to market_app",
        "alter table market.orders drop constraint orders_customer_fkey",
    )
    insert = "insert into market.orders (customer_id, plan, number) values (gen_random_uuid(), 'small', 1)"
    with market.database.connect() as one, market.database.connect() as other:
        for conn in (one, other):
            conn.execute("set role market_app")
            with conn.transaction():
                conn.execute(f"set local {SETTING} = 'acme'")
        one.execute(insert)

        assert [{"tenant_id": ""}] == other.execute("select tenant_id from market.orders").fetchall()
