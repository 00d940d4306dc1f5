"""Tenant columns that let rows go without a tenant, to a wrong one, or to two at once: planted, and healthy."""

from __future__ import annotations

import inspect

import pytest
from psycopg import errors

from checks import test_isolation_columns as runbook
from steward import Inconclusive, NotNeeded
from steward.isolation.catalog import child_tables, column_defaults, scope, snapshot
from tests.fixtures.defects import DEFECTS
from tests.fixtures.market import guarded

OURS = [defect for defect in DEFECTS if defect.item.startswith("isolation_columns.")]
HOSTILE = 'market."Odd ""t""; %(a)s é"'
ITEMS = [item for name, item in inspect.getmembers(runbook, inspect.isfunction) if name.startswith("test_")]


@pytest.fixture
def found(market):
    """Run one query of the check and return its offenders by name."""

    def run(query):
        with market.check() as check:
            findings = check.run(query, scope.parts(check), **scope.parameters(check))
            return {finding.object_name: finding for finding in findings.offenders}

    return run


@pytest.mark.parametrize("item", [item for item in ITEMS if item is not runbook.test_disclosed])
def test_the_shipped_schema_and_its_demo_are_no_finding(demo_database, settings, checking, item):
    item(checking(demo_database, settings))


def test_counts_that_anybody_can_read_are_noted(database, settings, checking):
    with pytest.raises(NotNeeded, match="4 tables of tenants"):
        runbook.test_disclosed(checking(database, settings))


@pytest.mark.parametrize("defect", OURS, ids=lambda defect: defect.name)
def test_an_item_fails_on_its_defect_and_passes_without(market, defect):
    item = getattr(runbook, f"test_{defect.item.partition('.')[2]}")
    with market.check() as check:
        item(check)
    market.run(*defect.planted)
    with market.check() as check, pytest.raises(AssertionError):
        item(check)

    assert check.offenders


def test_the_remedies_mend_what_was_found(market, found):
    market.run(
        "alter table market.events alter tenant_id drop not null",
        "grant update on market.events to market_app, public",
        "grant update (tenant_id) on market.orders to market_reader",
    )
    remedies = [*found("isolation_columns_nullable").values(), *found("isolation_columns_updatable").values()]
    market.run(*(finding.remediation for finding in remedies))

    assert [
        ("market.events.tenant_id", "may be null"),
        ("market.events.tenant_id", "may be updated by market_app, market_reader"),
        ("market.orders.tenant_id", "may be updated by market_reader"),
    ] == [(finding.object_name, finding.observed) for finding in remedies]
    assert "revoke update (tenant_id) on market.orders from market_reader" == remedies[-1].remediation
    assert {} == found("isolation_columns_nullable")
    assert {} == found("isolation_columns_updatable")


def test_a_leaf_is_reported_only_where_its_parent_is_right(market, found):
    market.run("grant update on market.events_new to market_app")

    assert ["market.events_new.tenant_id"] == list(found("isolation_columns_updatable"))

    market.run("grant update on market.events to market_app")

    assert ["market.events.tenant_id"] == list(found("isolation_columns_updatable"))


def test_a_domain_that_is_not_null_has_a_tenant_in_every_row(market, found):
    market.run(
        "create domain market.tenant as uuid not null",
        "create table market.notes (tenant_id market.tenant, body text)",
    )

    assert {} == found("isolation_columns_nullable")


def test_a_constraint_that_does_not_hold_for_all_rows_is_none(market, found):
    market.run(
        "alter table market.orders alter tenant_id drop not null",
        "alter table market.orders add constraint orders_tenant check (tenant_id is not null) not valid",
    )

    assert ["market.orders.tenant_id"] == list(found("isolation_columns_nullable"))

    market.run("alter table market.orders validate constraint orders_tenant")

    assert {} == found("isolation_columns_nullable")


def test_not_null_that_nobody_has_validated_is_found(market, found):
    if market.database.cluster.version < 18:
        pytest.skip("not null that is not valid came with 18")
    market.run(
        "create table market.notes (tenant_id uuid)",
        "alter table market.notes add constraint tenant_check not null tenant_id not valid",
    )
    finding = found("isolation_columns_nullable")["market.notes.tenant_id"]
    market.run(finding.remediation)

    assert "not null, but not validated" == finding.observed
    assert {} == found("isolation_columns_nullable")


@pytest.mark.parametrize(
    ("definition", "literal"),
    [
        ("'acme'::text", True),
        ("''::character varying", True),
        ("'-1'::integer", True),
        ("(1 + 1)", True),
        ("'x'::text COLLATE \"C\"", True),
        ("COALESCE(current_setting('a.b'::text, true), 'acme'::text)", True),
        ("CASE WHEN (current_setting('a.b'::text, true) IS NULL) THEN 'acme'::text ELSE public.f() END", True),
        ("NULL::uuid", False),
        ("COALESCE(current_setting('a.b'::text, true), NULL::text)", False),
        ("(NULLIF(current_setting('a.b'::text, true), ''::text))::uuid", False),
        ("gen_random_uuid()", False),
        ("nextval('market.s'::regclass)", False),
        ("CURRENT_USER", False),
    ],
)
def test_a_default_is_literal_when_it_is_or_ends_in_a_constant(definition, literal):
    assert column_defaults.is_literal(definition) is literal


def test_what_a_server_generates_is_no_default(market):
    market.run("create table market.notes (body text, tenant_id uuid generated always as ({a}) stored)")
    with market.check() as check:
        runbook.test_defaults(check)


def test_a_collation_that_takes_different_names_for_equal_is_found(market_of):
    market = market_of("text")
    try:
        market.run("create collation market.blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    except errors.FeatureNotSupported:
        pytest.skip("the server was built without ICU")
    with market.check() as check:
        runbook.test_equality(check)
    market.run("create table market.notes (tenant_id text collate market.blind not null)", *guarded("market.notes"))
    with market.check() as check, pytest.raises(AssertionError):
        runbook.test_equality(check)

    assert ["market.notes.tenant_id"] == [finding.object_name for finding in check.offenders]

    market.run(check.offenders[0].remediation)
    with market.check() as check:
        runbook.test_equality(check)


def test_a_column_that_policies_name_gets_another_type_with_them(market, found):
    tenant = "nullif(current_setting('market.tenant', true), '')"
    market.run(
        "create table market.notes (tenant_id text not null, body text) partition by list (body)",
        "create table market.notes_all partition of market.notes default",
        "alter table market.notes enable row level security",
        f"create policy own on market.notes using (tenant_id = {tenant}) with check (tenant_id = {tenant})",
        "create policy late on market.notes_all as restrictive for delete to market_app, market_reader"
        " using (tenant_id is not null and body <> '')",
    )
    policies = "select policyname, tablename, permissive, roles, cmd, qual, with_check from pg_policies"
    [before] = market.database.execute(f"{policies} where policyname = 'late'")
    [types] = found("isolation_columns_types").values()
    market.run(types.remediation)
    made = {row["policyname"]: row for row in market.database.execute(policies)}

    assert {} == found("isolation_columns_types")
    assert before == made["late"]
    assert made["tenant"]["qual"] == made["own"]["qual"] == made["own"]["with_check"]


def test_members_of_pg_read_all_data_read_the_statistics(market, found):
    if market.database.cluster.version < 14:
        pytest.skip("pg_read_all_data came with 14")
    market.run("grant pg_read_all_data to market_reader")
    remedies = found("isolation_columns_statistics")
    market.run(*(finding.remediation for finding in remedies.values()))

    assert ["market_reader"] == list(remedies)
    assert {} == found("isolation_columns_statistics")


def test_names_that_break_who_does_not_quote_are_reported_and_mended(market, found):
    column = '"Ténant ""%s"" id"'
    market.run(
        f"create table {HOSTILE} ({column} uuid default {{a}}, x int)", f"grant update on {HOSTILE} to market_app"
    )
    tenancy = {"column": 'Ténant "%s" id', "tables": ()}
    queries = ("isolation_columns_nullable", "isolation_columns_updatable")
    with market.check(tenancy=tenancy) as check:
        params = scope.parameters(check)
        offenders = [finding for name in queries for finding in check.run(name, scope.parts(check), **params).offenders]
        defaults = column_defaults.literal_defaults(snapshot.column_defaults(check))
        offenders += check.judge("isolation_columns_defaults", defaults).offenders

    assert [f"{HOSTILE}.{column}"] * 3 == [finding.object_name for finding in offenders]

    for finding in offenders:
        market.database.execute(finding.remediation)
    with market.check(tenancy=tenancy) as check:
        runbook.test_nullable(check)
        runbook.test_updatable(check)
        runbook.test_defaults(check)


@pytest.mark.parametrize("item", ITEMS)
def test_nothing_to_judge_never_passes(market, item):
    with market.check(tenancy={"column": "shop_id"}) as check, pytest.raises(Inconclusive, match="shop_id"):
        item(check)
    with market.check(isolation={"roles": ("nobody",)}) as check, pytest.raises(Inconclusive, match="nobody"):
        item(check)
    with market.check(tenancy={"column": ""}) as check, pytest.raises(NotNeeded, match="without tenants"):
        item(check)


LINES = (
    'create table market."Odd ""l"" é" ("the order" uuid not null references market.orders, sku text)',
    'grant select on market."Odd ""l"" é" to market_app',
    'insert into market."Odd ""l"" é" select id, tenant_id::text from market.orders',
)


def missing(market):
    tenancy = market.settings.profile.tenancy
    with market.check() as check:
        children = child_tables.unguarded(snapshot.children(check), tenancy.column, tenancy.setting)
        return {finding.object_name: finding for finding in check.judge("x", children).offenders}


@pytest.mark.parametrize(
    "opened",
    [(), ("alter table {t} enable row level security", "create policy p on {t} using (true) with check (true)")],
)
def test_a_table_without_the_column_really_shows_every_tenants_rows_and_is_mended(market, opened):
    name = 'market."Odd ""l"" é"'
    market.run(*LINES, *(text.replace("{t}", name) for text in opened))
    seen = []
    for _ in range(2):
        with market.database.connect("market_app") as app:
            app.execute(market.kind.format("select set_config('market.tenant', ({a})::text, false)"))
            seen.append(app.execute(f"select count(distinct sku) as tenants from {name}").fetchone()["tenants"])  # noqa: S608
        for finding in missing(market).values():
            market.database.execute(finding.remediation)
            assert "market.orders" in finding.detail

    assert [2, 1] == seen
    assert {} == missing(market)


def test_tables_that_refer_to_each_other_end_somewhere(market):
    market.run(
        "create table market.one (id int primary key, order_id uuid references market.orders)",
        "create table market.two (id int primary key, one int references market.one)",
        "alter table market.one add two int references market.two",
        "grant select on market.two to market_app",
    )

    assert ["market.two"] == list(missing(market))
