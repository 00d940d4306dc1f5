"""Views show and take rows as their owner, at every depth: each way planted, mended and healthy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from psycopg import errors, sql

from steward.isolation.catalog import snapshot, view_graph
from tests.fixtures.objects import (
    OF_SYSTEM,
    OURS,
    READ,
    judged,
    mended,
    shown,
)


@pytest.mark.parametrize("spelling", ["true", "on", "1", "yes", "t"])
def test_a_view_that_reads_as_who_asks_is_no_finding_however_it_says_so(market, cluster, spelling):
    if cluster.version < 15:
        pytest.skip("security_invoker came with 15")
    market.run(shown(how=f"with (security_invoker = {spelling})"), OF_SYSTEM, READ)

    assert {} == judged(market, "reads")


def test_a_view_of_an_owner_that_policies_hold_for_is_no_finding(market):
    market.run(shown(), "alter view market.shown owner to market_owner", READ)

    assert {} == judged(market, "reads")

    market.run("alter table market.orders no force row level security")

    assert "for whom it is not forced" in judged(market, "reads")["market.shown"].detail


@pytest.mark.parametrize("outer", ["", "with (security_invoker)"])
def test_a_view_at_any_depth_is_found_with_the_way_down(market, cluster, outer):
    if outer and cluster.version < 15:
        pytest.skip("security_invoker came with 15")
    market.run(
        "create view market.lowest as select * from market.orders",
        "alter view market.lowest owner to market_system",
        "create view market.middle as select * from market.lowest",
        "alter view market.middle owner to market_owner",
        shown("middle", outer),
        "alter view market.shown owner to market_owner",
        READ,
    )
    found = judged(market, "reads")

    assert ["market.shown"] == list(found)
    assert "market.shown → market.middle → market.lowest → market.orders: market_system" in found["market.shown"].detail


def test_a_view_over_a_leaf_is_found(market):
    market.run(shown("events_new"), "alter view market.shown owner to market_owner", READ)

    assert "not enabled on it" in judged(market, "reads")["market.shown"].detail


@pytest.mark.parametrize(
    "query",
    [
        "totals where orders > 0",
        "totals where tenant_id is not null",
        "totals as t where exists (select from market.plans as p where p.code <> '') or t.tenant_id = {tenant}",
        "totals where tenant_id = {tenant} union all select * from market.totals",
        "totals as t left join market.plans as p on t.tenant_id = {tenant}",
        "plans cross join (select max(tenant_id::text) from market.totals) as worst",
        "plans where code in (select tenant_id::text from market.totals)",
    ],
)
def test_what_does_not_filter_every_row_is_found(market, query):
    market.run(shown(query), OF_SYSTEM, READ)

    assert ["market.shown"] == list(judged(market, "reads"))


@pytest.mark.parametrize(
    "query",
    [
        "select * from market.totals as t where t.tenant_id = {tenant} and orders > 0",
        "select * from (select * from market.totals) as t where tenant_id = {tenant}",
        "with t as (select * from market.totals) select * from t where tenant_id = {tenant}",
        "select orders from market.totals as t join market.orders as o using (tenant_id) where o.tenant_id = {tenant}",
        "select * from market.totals as t left join market.orders as o using (tenant_id) where t.tenant_id = {tenant}",
        "select 1 from market.totals where tenant_id = {tenant} union select 2 from market.plans",
        (
            "select (select max(o.number) from market.orders as o where o.tenant_id = t.tenant_id)"
            " from market.totals as t where t.tenant_id = {tenant}"
        ),
    ],
)
def test_what_filters_every_row_is_not(market, query):
    market.run(f"create view market.shown with (security_barrier) as {query}", OF_SYSTEM, READ)

    assert {} == judged(market, "reads")


def test_a_filter_by_a_function_of_the_application_is_one(market):
    market.run(
        "create function market.current_tenant() returns {type} language sql stable as $f$ select {tenant} $f$",
        shown("orders where tenant_id = market.current_tenant()"),
        OF_SYSTEM,
        READ,
    )

    assert {} == judged(market, "reads")


def test_a_tenant_that_a_view_makes_up_is_no_filter(market):
    market.run(
        "create view market.lowest as select {tenant} as tenant_id, number from market.orders",
        "alter view market.lowest owner to market_system",
        shown(f"lowest {OURS}"),
        "alter view market.shown owner to market_owner",
        READ,
    )

    assert ["market.shown"] == list(judged(market, "reads"))


def test_a_materialized_view_over_a_view_is_found(market):
    market.run(
        "create materialized view market.copied as select * from market.totals_tenant",
        "grant select on market.copied to market_reader",
    )

    assert ["market.copied"] == list(judged(market, "matviews"))


def test_a_view_that_filters_nothing_is_closed_and_not_only_checked(market):
    market.run(
        shown(),
        OF_SYSTEM,
        "alter view market.shown set (check_option = cascaded)",
        "grant insert on market.shown to market_app",
    )
    with market.database.connect("market_app") as app:
        app.execute("begin")
        app.execute(market.kind.format("select set_config('market.tenant', ({b})::text, true)"))
        customer = app.execute("select id from market.customers limit 1").fetchone()["id"]
        app.execute(market.kind.format("select set_config('market.tenant', ({a})::text, true)"))
        row = sql.SQL("insert into market.shown values (default, {b}, {customer}, 'small', 9, '')")
        taken = row.format(b=sql.SQL(market.kind.b), customer=sql.Literal(customer))

        assert 1 == app.execute(taken).rowcount

        app.execute("rollback")
    found = judged(market, "writes")
    mended(market, found)

    assert ["market.shown"] == list(found)
    assert {} == judged(market, "writes")

    with market.database.connect("market_app") as app, pytest.raises(errors.InsufficientPrivilege):
        app.execute(taken)


def test_a_filter_of_a_lower_view_counts_where_it_is_checked(market):
    market.run(
        shown(f"orders {OURS}").replace("market.shown", "market.lowest"),
        "alter view market.lowest owner to market_system",
        shown("lowest"),
        OF_SYSTEM,
        "grant update on market.shown to market_app",
    )
    found = judged(market, "writes")
    mended(market, found)

    assert ["market.shown"] == list(found)
    assert "alter view market.shown set (check_option = cascaded)" == found["market.shown"].remediation
    assert {} == judged(market, "writes")

    market.run("alter view market.shown reset (check_option)", "alter view market.lowest set (check_option = local)")

    assert {} == judged(market, "writes")


def test_what_a_condition_asks_is_not_written(market):
    market.run(
        shown("orders where exists (select from market.totals as t where t.tenant_id = {tenant})"),
        "alter view market.shown owner to market_owner",
        "grant select on market.totals to market_owner",
        "grant insert on market.shown to market_app",
    )

    assert {} == judged(market, "writes")


def test_a_view_that_cannot_be_read_filters_nothing(market):
    market.run(shown(f"orders {OURS}"), OF_SYSTEM, READ)
    with market.check() as check:
        loaded = snapshot.view_graph(check)
        [(oid, view)] = [(oid, view) for oid, view in loaded.views.items() if view.ident == "market.shown"]
        unread = {**loaded.views, oid: replace(view, definition="what a later server prints (")}

        assert loaded.leak(oid) is None
        assert view_graph.ViewGraph(loaded.graph, replace(loaded.catalog, views=unread), {}).leak(oid) is not None
