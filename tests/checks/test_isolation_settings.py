"""The tenant's setting under other names, with defaults, cached, and emptied: planted, and healthy."""

from __future__ import annotations

import contextlib

import pytest
from psycopg import sql

from checks import test_isolation_settings as runbook
from steward import NotNeeded

ITEMS = ("names", "defaults", "volatility", "casts")
OTHER = "nullif(current_setting('market.org', true), '')::{type}"
RAW = "current_setting('market.tenant', true)::{type}"


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


def instead(text):
    return f"drop policy tenant on market.orders; create policy tenant on market.orders {text}"


def function(body, how="stable", head="current_tenant() returns {type}", language="sql"):
    return f"create function market.{head} language {language} {how} as $f$ {body} $f$"


def default(text):
    """A default for this database, whose name only the database knows."""
    return f"do $d$ begin execute format({text!r}, current_database(), {{a}}); end $d$"


# What each item of the runbook fails on, and what it does not.
PLANTED = {
    "names": (instead(f"using (tenant_id = {OTHER})"), instead("using (tenant_id = {tenant})")),
    "defaults": (
        default("alter database %I set market.tenant = %L"),
        default("alter database %I set market.clerk = %L"),
    ),
    "volatility": (function("select {tenant}", "immutable"), function("select {tenant}", "stable")),
    "casts": (instead(f"using (tenant_id = {RAW})"), instead("using (tenant_id = (select {tenant}))")),
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


@pytest.mark.parametrize("item", ITEMS)
def test_the_shipped_schema_is_green(demo_database, settings, checking, item):
    assert judged(checking(demo_database, settings), item) == {}


@pytest.mark.parametrize("kind", ["uuid", "text", "integer"])
def test_a_healthy_schema_is_green_whatever_the_type_of_its_tenants(market_of, kind):
    assert every(market_of(kind)) == {}


def test_a_policy_that_reads_another_setting_is_found_and_mended(market):
    market.run(instead(f"using (tenant_id = {OTHER})"))
    finding = found(market, "names")["tenant on market.orders"]

    assert "reads market.org" == finding.observed
    assert "reads market.tenant" == finding.expected

    with market.database.connect() as conn:
        conn.execute(finding.remediation)

    assert every(market) == {}


def test_a_second_setting_that_only_narrows_is_no_finding(market):
    market.run(
        instead("using (tenant_id = {tenant} and note = current_setting('market.note', true))"),
        "create policy narrow on market.customers as restrictive using (email = current_setting('market.mail', true))",
    )

    assert every(market) == {}


def test_a_way_around_by_another_setting_is_found(market):
    market.run(instead("using (tenant_id = {tenant} or current_setting('market.bypass', true) = 'on')"))

    assert "reads market.bypass" == found(market, "names")["tenant on market.orders"].observed


def test_a_wrapper_that_reads_another_setting_is_found_at_its_policy(market):
    market.run(function(f"select {OTHER}"), instead("using (tenant_id = market.current_tenant())"))

    assert {"names": ["tenant on market.orders"]} == every(market)


def test_names_of_settings_are_compared_as_the_server_does(market):
    market.run(instead("using (tenant_id = nullif(current_setting('MARKET.Tenant', true), '')::{type})"))

    assert every(market) == {}


def test_without_a_setting_in_the_profile_the_usual_one_is_right(market):
    market.run(instead(f"using (tenant_id = {OTHER})"))
    tenancy = {"setting": "", "tables": ()}

    assert ["tenant on market.orders"] == list(found(market, "names", tenancy=tenancy))
    with market.check(tenancy=tenancy) as check, pytest.raises(NotNeeded):
        runbook.test_defaults(check)


def test_a_function_that_sets_another_setting_for_the_tenant_is_found(market):
    head, body = "enter(p_tenant_id text) returns void", "begin perform set_config('{}', p_tenant_id, true); end"
    market.run(function(body.format("market.org"), "volatile", head, "plpgsql"))

    assert {"market.enter(p_tenant_id text)": "names market.org"} == {
        name: finding.observed for name, finding in found(market, "names").items()
    }

    market.run("drop function market.enter", function(body.format("market.tenant"), "volatile", head, "plpgsql"))

    assert every(market) == {}


def test_functions_that_have_nothing_to_do_with_tenants_may_use_their_settings(market):
    body = "begin perform set_config('market.trace', trace, true); set local work_mem = '8MB'; end"
    market.run(function(body, "volatile", "traced(trace text) returns void", "plpgsql"))

    assert every(market) == {}


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        (default("alter role market_app in database %I set market.tenant = %L"), "market_app"),
        ("alter role market_app set market.tenant = 'x'", "market_app"),
        ("alter role market_app set \"MARKET.tenant\" = 'x'", "market_app"),
        (
            "create role market_web login in role market_app; alter role market_web set market.tenant = 'x'",
            "market_web",
        ),
    ],
)
def test_defaults_of_roles_are_found_whatever_their_reach(market, statement, name):
    market.run(statement)
    [finding] = found(market, "defaults").values()

    assert name == finding.object_name
    assert "a default of market.tenant" == finding.observed

    with market.database.connect() as conn:
        conn.execute(finding.remediation)

    assert every(market) == {}


def test_defaults_of_databases_are_mended_by_their_remedy_and_never_quoted(market):
    market.run(default("alter database %I set market.tenant = %L"))
    [finding] = found(market, "defaults").values()

    assert market.database.name == finding.object_name
    assert market.kind.a.split("'")[1] not in str(finding)

    with market.database.connect() as conn:
        conn.execute(finding.remediation)

    assert every(market) == {}


@pytest.mark.parametrize(
    "statement",
    [
        "alter role market_app set market.tenant = ''",
        "alter role market_owner set market.tenant = 'x'",
        "create role market_else nologin; alter role market_else set market.tenant = 'x'",
    ],
)
def test_empty_defaults_and_those_of_other_roles_are_no_finding(market, statement):
    market.run(statement)

    assert every(market) == {}


def test_a_function_with_a_tenant_of_its_own_is_found_and_mended(market):
    market.run(
        function("select 1", "stable", "report() returns integer")
        + "; alter function market.report set market.tenant = 'x'"
    )
    finding = found(market, "defaults")["market.report()"]
    with market.database.connect() as conn:
        conn.execute(finding.remediation)

    assert every(market) == {}


def test_a_value_that_a_session_begins_with_is_found(market, monkeypatch):
    # As postgresql.conf would have it, and for these sessions only.
    monkeypatch.setenv("PGOPTIONS", "-c market.tenant=x")
    finding = found(market, "defaults")["market.tenant"]

    assert "a value in a session that has not set it" == finding.observed
    assert "postgresql.conf" in finding.remediation


@pytest.mark.parametrize(
    "statement",
    [
        function("begin return {tenant}; end", "immutable", language="plpgsql"),
        function(
            "declare found text; begin found := current_setting('market.tenant', true); return found; end",
            "immutable",
            "tenant(a text) returns text",
            "plpgsql",
        ),
        function("select current_setting('market.tenant', true)", "immutable", '"Odd % {{n}}"() returns text'),
    ],
)
def test_immutable_functions_that_read_the_setting_are_found_and_mended(market, statement):
    market.run(statement)
    [finding] = found(market, "volatility").values()
    with market.database.connect() as conn:
        conn.execute(finding.remediation.encode())

    assert every(market) == {}


@pytest.mark.parametrize("called", ["market.current_tenant()", "current_tenant()"])
def test_an_immutable_function_that_calls_one_that_reads_the_setting_is_found_and_mended(market, called):
    market.run(
        function("select {tenant}"),
        "set search_path = market; " + function(f"select {called}", "immutable", "my_tenant() returns {type}"),
        function("begin return market.my_tenant(); end", "immutable", "own_tenant() returns {type}", "plpgsql"),
    )
    remedies = found(market, "volatility")
    with market.database.connect() as conn:
        for finding in remedies.values():
            conn.execute(finding.remediation)

    assert ["market.my_tenant()", "market.own_tenant()"] == sorted(remedies)
    assert every(market) == {}


def test_an_immutable_function_in_standard_sql_is_found(market, cluster):
    if cluster.version < 14:
        pytest.skip("bodies in standard SQL came with 14")
    market.run("create function market.t() returns text immutable return current_setting('market.tenant', true)")

    assert ["market.t()"] == list(found(market, "volatility"))


def test_immutable_functions_that_read_no_setting_are_no_finding(market):
    market.run(
        function("select 'current_setting'::text", "immutable", "named() returns text"),
        function("select upper($1)", "immutable", "shouted(text) returns text"),
        function("select market.shouted('x')", "immutable", "shouted_x() returns text"),
    )

    assert every(market) == {}


def test_what_a_remedy_makes_of_a_cast_works_in_a_session_that_was_reset(market):
    market.run(instead(f"using (tenant_id = {RAW})"))
    finding = found(market, "casts")["tenant on market.orders"]

    assert "casts the setting to uuid" == finding.observed

    with market.database.connect() as conn:
        conn.execute(finding.remediation)
    with market.database.connect("market_app") as conn:
        conn.execute("begin")
        conn.execute(sql.SQL("set local market.tenant = {}").format(market.kind.a.split("::")[0].strip("'")))
        assert conn.execute("select count(*) as n from market.orders").fetchone()["n"] == 2
        conn.execute("commit")

        assert conn.execute("select count(*) as n from market.orders").fetchone()["n"] == 0
    assert every(market) == {}


@pytest.mark.parametrize(
    "condition",
    [
        "case when current_setting('market.tenant', true) = '' then false else tenant_id = " + RAW + " end",
        "tenant_id::text = current_setting('market.tenant', true)",
    ],
)
def test_a_cast_that_never_meets_the_empty_text_is_no_finding(market, condition):
    market.run(instead(f"using ({condition})"))

    assert every(market) == {}
