"""Policies that are off, too wide, or for others: planted, and healthy."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from psycopg import sql

from checks import test_isolation_policies as runbook
from steward import Inconclusive, NotNeeded
from steward.engine.executor import RunSettings
from steward.profile import Exemption
from tests.fixtures.running import open_transaction

ITEMS = ("enabled", "idle", "open", "unset", "checks", "nulls", "unproven", "denied")
HOSTILE = 'Odd "p"; %(a)s.{b} é'


def judged(check, item):
    """The findings of an item, by object."""
    with contextlib.suppress(AssertionError):
        getattr(runbook, f"test_{item}")(check)
    return {finding.object_name: finding for finding in check.offenders}


def found(market, item, **tables):
    with market.check(**tables) as check:
        return judged(check, item)


def every(market):
    return {item: sorted(offenders) for item in ITEMS if (offenders := found(market, item))}


def beside(text, table="market.orders"):
    return f"create policy beside on {table} {text}"


def instead(text, table="market.orders"):
    return f"drop policy tenant on {table}; create policy tenant on {table} {text}"


# What each item of the runbook fails on, and what it does not.
PLANTED = {
    "enabled": (
        "create table market.notes (tenant_id {type}); grant select (tenant_id) on market.notes to market_app",
        "create table market.notes (tenant_id {type})",
    ),
    "idle": (
        "alter table market.events disable row level security",
        "alter table market.plans enable row level security",
    ),
    "open": (beside("using (true)"), beside("as restrictive using (true)")),
    "unset": (
        instead("using (tenant_id = coalesce({tenant}, tenant_id))"),
        instead("using (tenant_id = coalesce({tenant}, null))"),
    ),
    "checks": (instead("using (tenant_id = {tenant}) with check (true)"), instead("using (tenant_id = {tenant})")),
    "nulls": (
        instead("using (tenant_id is not distinct from {tenant})")
        + "; alter table market.orders alter tenant_id drop not null",
        instead("using (tenant_id is not distinct from {tenant})"),
    ),
    "unproven": (
        instead("using (exists (select from market.plans where code = tenant_id::text))"),
        instead("using (tenant_id = (select {tenant}))"),
    ),
    "denied": (instead("as restrictive using (tenant_id = {tenant})"), beside("as restrictive using (true)")),
}


@pytest.mark.parametrize("item", PLANTED)
def test_an_item_fails_on_its_fault(market, item):
    market.run(PLANTED[item][0])
    with market.check() as check, pytest.raises(AssertionError):
        getattr(runbook, f"test_{item}")(check)


@pytest.mark.parametrize("item", PLANTED)
def test_an_item_passes_on_the_healthy_twin(market, item):
    market.run(PLANTED[item][1])

    assert every(market) == {}


@pytest.mark.parametrize("kind", ["uuid", "text", "integer"])
def test_a_healthy_schema_is_green_whatever_the_type_of_its_tenants(market_of, kind):
    assert every(market_of(kind)) == {}


@pytest.mark.parametrize("item", ITEMS)
def test_the_shipped_schema_is_green(demo_database, settings, checking, item):
    assert judged(checking(demo_database, settings), item) == {}


def test_a_remedy_mends_what_was_found(market):
    market.run(
        beside("using (true)"),
        beside("for insert with check (true)", "market.customers"),
        beside("for delete using (tenant_id is not null)", "market.events"),
    )
    remedies = found(market, "open") | found(market, "checks")

    assert ["beside on market.customers", "beside on market.events", "beside on market.orders"] == sorted(remedies)

    with market.database.connect() as conn:
        for finding in remedies.values():
            conn.execute(finding.remediation)

    assert every(market) == {}


def test_remedies_of_tables_mend_them(market):
    market.run(
        "create table market.notes (tenant_id {type}); grant select on market.notes to public",
        "alter table market.orders disable row level security",
        "drop policy tenant on market.events; create policy far on market.events to market_owner using (true)",
    )

    assert {"market.notes", "market.orders"} == set(found(market, "enabled"))
    assert {"market.orders"} == set(found(market, "idle"))
    assert {"market.events"} == set(found(market, "denied"))

    with market.database.connect() as conn:
        for item in ("enabled", "denied"):
            for finding in found(market, item).values():
                conn.execute(finding.remediation)

    assert every(market) == {}


def test_what_is_denied_is_mended_for_its_command_and_role_alone(market):
    market.run(
        "drop policy tenant on market.orders",
        "create policy tenant_select on market.orders as restrictive for select using (tenant_id = {tenant})",
        "create policy tenant_delete on market.orders for delete to market_app using (tenant_id = {tenant})",
        "create policy adds on market.orders for insert to market_app with check (tenant_id = {tenant})",
        "create policy changes on market.orders for update to market_app using (tenant_id = {tenant})",
    )
    [finding] = found(market, "denied").values()
    market.database.execute(finding.remediation)
    made = market.database.execute("select * from pg_policies where policyname = 'tenant_select_1'")

    assert "no policy lets through select as market_app; select as market_reader" == finding.observed
    assert [("SELECT", ["market_app", "market_reader"])] == [(row["cmd"], row["roles"]) for row in made]
    assert every(market) == {}


def test_without_a_setting_remedies_run_and_close(market):
    market.run(
        "create table market.notes (tenant_id uuid)",
        "grant select on market.notes to market_app",
        "create policy beside on market.customers using (true)",
        "drop policy tenant on market.orders",
        "create policy tenant on market.orders as restrictive using (tenant_id = {tenant})",
    )
    unset = {"tenancy": {"setting": ""}}
    remedies = [finding for item in ("enabled", "open", "denied") for finding in found(market, item, **unset).values()]
    market.run(*(finding.remediation for finding in remedies))

    assert 3 <= len(remedies)
    assert {} == found(market, "enabled", **unset)
    assert {} == found(market, "open", **unset)
    assert {} == found(market, "denied", **unset)


def test_a_finding_names_roles_commands_and_no_condition(market):
    market.run(beside("for select to market_reader using (tenant_id is not null or note = 'acme')"))
    [finding] = found(market, "open").values()

    assert "lets through rows of other tenants: select as market_reader" == finding.observed
    assert "only rows whose tenant_id is market.tenant" == finding.expected
    assert "acme" not in str(finding)


def test_a_restrictive_policy_counts_for_the_roles_that_it_is_for(market):
    market.run(
        instead("using (true)"),
        "create policy narrow on market.orders as restrictive to market_app using (tenant_id = {tenant})",
    )

    assert [finding.observed for finding in found(market, "open").values()] == [
        "lets through rows of other tenants: select, update, delete as market_reader"
    ]


def test_a_restrictive_window_that_became_permissive_is_found(database, settings, checking):
    database.execute("drop policy app_read_window on public.correction_logs")
    database.execute(
        "create policy app_read_window on public.correction_logs for select to validahub_app"
        " using (created_at >= now() - interval '2 years')"
    )

    assert ["app_read_window on public.correction_logs"] == list(judged(checking(database, settings), "open"))


def test_what_opens_only_without_a_tenant_is_no_open_policy(market):
    market.run(instead("using (current_setting('market.tenant', true) = '' or tenant_id = {tenant})"))

    assert {"unset": ["tenant on market.orders"]} == every(market)


def test_an_open_policy_is_reported_once(market):
    market.run("alter table market.orders alter tenant_id drop not null", instead("using (true)"))

    assert {"open": ["tenant on market.orders"]} == every(market)


def test_a_policy_that_a_membership_brings_along_is_found_with_the_membership(market):
    market.run("create role market_support nologin", beside("for select to market_support using (true)"))

    assert found(market, "open") == {}

    market.run("grant market_support to market_app")
    [finding] = found(market, "open").values()

    assert "it reaches market_app through market_support" in finding.detail

    market.run("alter role market_app noinherit")
    market.run("revoke market_support from market_app; grant market_support to market_app")
    [finding] = found(market, "open").values()

    assert "lets through rows of other tenants: select as market_support" == finding.observed
    assert "the application can become market_support: market_app → market_support" in finding.detail


def test_a_role_that_a_membership_does_not_let_become_is_not_judged(market, cluster):
    if cluster.version < 16:
        pytest.skip("memberships have options since 16")
    market.run(
        "create role market_support nologin",
        "grant market_support to market_app with inherit false, set false",
        beside("for select to market_support using (true)"),
    )

    assert every(market) == {}


def test_roles_are_reported_as_they_must_be_written(market):
    name = 'market_"odd" % é'
    with market.database.connect() as conn:
        conn.execute(sql.SQL("create role {} login").format(sql.Identifier(name)))
    market.run(beside("for select using (true)"))
    [finding] = found(market, "open", isolation={"roles": (name,)}).values()

    assert finding.observed.endswith('select as "market_""odd"" % é"')


@pytest.mark.parametrize(
    ("kind", "sure"),
    [
        ("{type}", "alter table market.notes add constraint tenant_check check (tenant_id is not null)"),
        ("market.tenant_type", "alter domain market.tenant_type set not null"),
    ],
)
def test_a_column_that_a_constraint_or_its_domain_keeps_from_null_is_not_nullable(market, kind, sure):
    market.run(
        "create domain market.tenant_type as {type}",
        f"create table market.notes (tenant_id {kind})",
        "alter table market.notes enable row level security",
        beside("using (tenant_id is not distinct from {tenant})", "market.notes"),
    )

    assert {"nulls": ["beside on market.notes"]} == every(market)

    market.run(sure)

    assert every(market) == {}


def test_a_tenant_that_is_the_user_is_one_where_no_setting_is_and_else_is_not_proved(market_of):
    market = market_of("text")
    market.run(
        *(instead("using (tenant_id = current_user)", f"market.{name}") for name in ("orders", "customers", "events"))
    )

    assert {} == {item: offenders for item in ITEMS if (offenders := found(market, item, tenancy={"setting": ""}))}
    assert ["unproven"] == list(every(market))


def test_a_pattern_of_the_users_name_is_not_proved(market):
    market.run(instead("using (tenant_id = {tenant} or current_user like 'admin%')"))

    assert {"unproven": ["tenant on market.orders"]} == every(market)


def test_a_column_of_a_domain_is_filtered_by_what_the_remedy_says(market):
    market.run(
        "create domain market.tenant_type as {type}",
        "create table market.notes (tenant_id market.tenant_type not null)",
        "grant select on market.notes to market_app",
    )
    [finding] = found(market, "enabled").values()
    with market.database.connect() as conn:
        conn.execute(finding.remediation)

    assert every(market) == {}


def test_a_function_that_calls_another_by_its_bare_name_is_unproven_and_not_open(market):
    market.run(
        "create function market.inner_tenant() returns {type} language sql stable as $f$ select {tenant} $f$",
        "set search_path = market; create function market.outer_tenant() returns {type} language sql stable as"
        " $f$ select inner_tenant() $f$",
        instead("using (tenant_id = market.outer_tenant())"),
    )

    assert {"unproven": ["tenant on market.orders"]} == every(market)


def test_logins_that_have_the_applications_rights_are_judged_as_well(market):
    market.run(
        "create role market_support nologin; create role market_web login",
        "grant market_app, market_support to market_web",
        beside("for select to market_support using (true)"),
    )
    [finding] = found(market, "open").values()

    assert "lets through rows of other tenants: select as market_web" == finding.observed


def test_who_the_user_is_counts_for_the_role_that_it_is(market):
    market.run(beside("for select using (current_user = 'market_reader')"))
    [finding] = found(market, "open").values()

    assert "lets through rows of other tenants: select as market_reader" == finding.observed


def test_wrapper_functions_are_analysed(market):
    market.run(
        "create function market.current_tenant() returns {type} language sql stable as $f$ select {tenant} $f$",
        "create function market.mine({type}) returns boolean language plpgsql stable as"
        " $f$ begin return $1 = {tenant}; end $f$",
        "create function market.anybodys(t {type}) returns boolean language sql as $f$ select t is not null $f$",
        instead("using (tenant_id = market.current_tenant())"),
        instead("using (tenant_id = (select market.current_tenant()) and market.mine(tenant_id))", "market.customers"),
    )

    assert every(market) == {}

    market.run(instead("using (market.anybodys(tenant_id))"))

    assert {"open": ["tenant on market.orders"]} == every(market)


def test_a_function_that_cannot_be_analysed_is_unproven_and_not_green(market):
    market.run(
        "create table market.sessions (pid integer, tenant {type})",
        "create function market.current_tenant() returns {type} language sql stable as"
        " $f$ select tenant from market.sessions where pid = pg_backend_pid() $f$",
        instead("using (tenant_id = market.current_tenant())"),
    )

    assert {"unproven": ["tenant on market.orders"]} == every(market)


def test_tables_without_any_policy_are_noted_and_no_finding(market):
    market.run("drop policy tenant on market.orders")
    with market.check() as check:
        assert judged(check, "denied") == {}

    assert any("because they have no policy: market.orders" in row["text"] for row in check.statements)


def test_a_policy_for_inserts_without_a_check_denies_and_is_no_finding(market):
    market.run(beside("for insert to market_app"))

    assert every(market) == {}


def test_rights_that_no_policy_serves_are_found_by_role_and_command(market):
    market.run(instead("for select using (tenant_id = {tenant})"))
    [finding] = found(market, "denied").values()

    assert "no policy lets through insert, update, delete as market_app" == finding.observed


def test_partitioned_parents_count_and_their_leaves_have_their_own_policies(market):
    market.run("drop policy tenant on market.events; alter table market.events disable row level security")

    assert ["market.events"] == list(found(market, "enabled"))

    market.run(beside("using (true)", "market.events_new"))

    assert ["beside on market.events_new"] == list(found(market, "open"))
    assert ["market.events_new"] == list(found(market, "idle"))


def test_hostile_names_of_column_table_policy_and_setting_are_judged(market):
    column, schema = sql.Identifier(HOSTILE), sql.Identifier(f"s {HOSTILE}")
    with market.database.connect() as conn:
        for text in (
            "create schema {s}",
            "create table {s}.{c} ({c} text not null check ({c} <> ''))",
            "alter table {s}.{c} enable row level security",
            "create policy {c} on {s}.{c} using ({c} = current_setting('odd.name', true))",
            "grant select on {s}.{c} to market_app",
        ):
            conn.execute(sql.SQL(text).format(s=schema, c=column))
    tenancy = {"column": HOSTILE, "setting": "odd.name"}

    assert [found(market, item, tenancy=tenancy) for item in ITEMS] == [{}] * len(ITEMS)

    with market.database.connect() as conn:
        conn.execute(sql.SQL("alter policy {c} on {s}.{c} using (true)").format(s=schema, c=column))
    remedies = found(market, "open", tenancy=tenancy)
    name = sql.SQL("{c} on {s}.{c}").format(s=schema, c=column).as_string(None)

    assert [name] == list(remedies)

    with market.database.connect() as conn:
        conn.execute(remedies[name].remediation.encode())

    assert found(market, "open", tenancy=tenancy) == {}


def test_a_locked_table_is_inconclusive_and_is_not_waited_for(market):
    with (
        market.check() as check,
        open_transaction(market.database, "lock table market.orders in access exclusive mode"),
        pytest.raises(Inconclusive, match=r"market\.orders: locked"),
    ):
        runbook.test_open(check)


def test_without_a_role_that_is_filtered_nothing_is_green(market):
    with (
        market.check(isolation={"roles": ("nobody at all",)}) as check,
        pytest.raises(Inconclusive, match="nobody at all"),
    ):
        runbook.test_open(check)


def test_without_a_tenant_column_nothing_is_judged(market):
    with market.check(tenancy={"column": ""}) as check, pytest.raises(NotNeeded):
        runbook.test_open(check)
    with market.check(tenancy={"column": "elsewhere"}) as check, pytest.raises(Inconclusive):
        runbook.test_enabled(check)


def test_an_exemption_excuses_a_policy_by_its_name(market):
    market.run(beside("using (true)"))
    excuse = Exemption(
        check="isolation_policies_open", object="beside on *", reason="r", owner="o", expires=date(2999, 1, 1)
    )
    with market.check() as check:
        check.settings = RunSettings(check.settings.profile.model_copy(update={"exemptions": (excuse,)}), "weekly")
        runbook.test_open(check)

        assert [finding.exempt["owner"] for finding in check.found] == ["o"]


def test_many_policies_are_read_in_as_many_statements_as_one(market):
    with market.database.connect() as conn:
        for number in range(200):
            name = sql.Identifier(f"t{number}")
            conn.execute(sql.SQL("create table market.{} (tenant_id uuid not null, n int)").format(name))
            conn.execute(
                sql.SQL("create policy p on market.{} using (tenant_id = {} or n = {})").format(
                    name, sql.SQL("nullif(current_setting('market.tenant', true), '')::uuid"), sql.Literal(number)
                )
            )
    with market.check() as check:
        findings = judged(check, "open")

    assert 200 == len(findings)
    assert 4 == len(check.statements)
