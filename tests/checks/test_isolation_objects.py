"""What shows tenants' rows beside their tables: each planted, mended by its own remedy, and healthy."""

from __future__ import annotations

import contextlib
import inspect
from dataclasses import replace

import pytest
from psycopg import errors, sql

from checks import test_isolation_objects as runbook
from steward import Inconclusive, NotNeeded
from steward.isolation import reach, views

ITEMS = [
    name.removeprefix("test_")
    for name, _ in inspect.getmembers(runbook, inspect.isfunction)
    if name.startswith("test_")
]
KEPT = (
    "create table market.kept () inherits (market.orders)",
    "alter table market.kept owner to market_owner",
)
GUARDED = (
    "alter table market.kept enable row level security",
    "create policy tenant on market.kept using (tenant_id = {tenant})",
)
FAR = (
    "create foreign data wrapper nowhere",
    "create server afar foreign data wrapper nowhere",
    "create foreign table market.far (tenant_id {type} not null, body text) server afar",
)
FUTURE = "alter default privileges for role market_owner {where} grant select on tables to {who}"
EXPORT = (
    "create function market.export() returns setof market.orders language sql stable security definer"
    " set search_path = market, pg_temp as $f$ select * from market.orders {where} $f$"
)
BY_SYSTEM = "alter function market.export() owner to market_system"
SHOWN = "create view market.shown {how} as select * from market.{of}"
OF_SYSTEM = "alter view market.shown owner to market_system"
READ = "grant select on market.shown to market_app"
OURS = "where tenant_id = {tenant}"


def filled(text, **parts):
    """Fill these placeholders, and leave those of the tenants' type."""
    for name, value in parts.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def export(where=""):
    return filled(EXPORT, where=where)


def shown(of="orders", how="with (security_barrier)"):
    return filled(SHOWN, how=how, of=of)


# What each item fails on, and the twin that it passes on.
PLANTED = {
    "leaves": (
        ("grant select on market.events_new to market_app",),
        (*KEPT, *GUARDED, "grant select on market.kept to market_app"),
    ),
    "foreign_tables": ((*FAR, "grant select on market.far to public"), FAR),
    "default_privileges": (
        (filled(FUTURE, where="in schema market", who="market_app"),),
        (filled(FUTURE, where="in schema market", who="market_steward"),),
    ),
    "default_table_privileges": (
        ("alter default privileges for role market_reader grant select on tables to market_app",),
        ("alter default privileges for role market_reader in schema public grant select on tables to market_app",),
    ),
    "publications": (
        ("create publication beyond for table market.orders, market.events with (publish = 'insert')",),
        ("create publication beyond for table market.plans",),
    ),
    "definers": ((export(), BY_SYSTEM), (export(OURS), BY_SYSTEM)),
    "search_paths": (
        (export(), "alter function market.export() reset all"),
        (export(OURS), BY_SYSTEM, "alter function market.export() set search_path = ''"),
    ),
    "views": ((shown(), OF_SYSTEM, READ), (shown(f"orders {OURS}"), OF_SYSTEM, READ)),
    "view_writes": (
        (shown(f"orders {OURS}"), OF_SYSTEM, "grant insert on market.shown to market_app"),
        (shown(f"orders {OURS} with check option"), OF_SYSTEM, "grant insert on market.shown to market_app"),
    ),
    "barriers": ((shown(f"orders {OURS}", ""), OF_SYSTEM, READ), (shown(f"orders {OURS}"), OF_SYSTEM, READ)),
    "matviews": (
        ("grant select on market.totals to market_app",),
        ("grant select on market.totals to market_steward",),
    ),
    "rights": (
        ("grant truncate, trigger on market.orders to market_app",),
        ("grant truncate on market.plans to market_app",),
    ),
}


def judged(market, item, **profile):
    """Run one item and return what it found by object."""
    with market.check(**profile) as check:
        with contextlib.suppress(AssertionError):
            getattr(runbook, f"test_{item}")(check)
        return {each.object_name: each for each in check.offenders}


def mended(market, found):
    for each in found.values():
        market.database.execute(each.remediation)


@pytest.mark.parametrize("shipped", ["database", "demo_database"])
def test_the_shipped_schema_is_green(shipped, request, settings, checking):
    database = request.getfixturevalue(shipped)
    for item in ITEMS:
        getattr(runbook, f"test_{item}")(checking(database, settings))


@pytest.mark.parametrize("kind", ["uuid", "text", "integer"])
def test_a_healthy_schema_is_green_whatever_the_tenants_type(market_of, kind):
    market = market_of(kind)

    assert {} == {item: found for item in ITEMS if (found := judged(market, item))}


def test_every_item_has_a_defect():
    assert sorted(ITEMS) == sorted(PLANTED)


@pytest.mark.parametrize("item", PLANTED)
def test_an_item_fails_on_its_defect_until_it_is_mended(market, item):
    market.run(*PLANTED[item][0])
    with market.check() as check:
        with pytest.raises(AssertionError):
            getattr(runbook, f"test_{item}")(check)
        found = {each.object_name: each for each in check.offenders}
    mended(market, found)

    assert found
    assert {} == judged(market, item)


@pytest.mark.parametrize("item", PLANTED)
def test_every_item_passes_on_a_healthy_twin(market, item):
    market.run(*PLANTED[item][1])

    assert {} == {each: found for each in ITEMS if (found := judged(market, each))}


@pytest.mark.parametrize("item", ITEMS)
def test_nothing_to_judge_is_never_green(market, item):
    with market.check(tenancy={"column": "", "setting": ""}) as check, pytest.raises(NotNeeded):
        getattr(runbook, f"test_{item}")(check)
    with market.check(tenancy={"column": "nobody_has_it"}) as check, pytest.raises(Inconclusive):
        getattr(runbook, f"test_{item}")(check)


# --- grants --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "grant",
    [
        "grant select on market.events_old to public",
        "grant select (tenant_id) on market.events_old to market_app",
        "grant delete on market.events_old to market_reader",
    ],
)
def test_any_grant_on_a_leaf_is_found(market, grant):
    market.run(grant)

    assert ["market.events_old"] == list(judged(market, "leaves"))


def test_the_right_to_maintain_a_leaf_shows_no_rows(market, cluster):
    if cluster.version < 17:
        pytest.skip("MAINTAIN came with 17")
    market.run("grant maintain on market.events_old to market_app", *FAR, "grant maintain on market.far to market_app")

    assert {} == judged(market, "leaves")
    assert {} == judged(market, "foreign_tables")


def test_a_grant_to_a_role_of_the_application_is_found_with_its_chain(market):
    market.run(
        "create role market_crew nologin",
        "grant market_crew to market_app",
        "grant select on market.events_old to market_crew",
    )
    [found] = judged(market, "leaves").values()

    assert "market_app → market_crew" in found.detail
    assert found.observed == "select granted to market_crew"


def test_a_grant_in_a_schema_that_the_application_cannot_use_is_none(market):
    market.run(
        "grant select on market.events_old to market_app",
        "revoke usage on schema market from market_app, market_reader",
    )

    assert {} == judged(market, "leaves")


def test_a_reader_of_all_data_reads_every_leaf(market, cluster):
    if cluster.version < 14:
        pytest.skip("pg_read_all_data came with 14")
    market.run("grant pg_read_all_data to market_app")

    assert ["market.events_new", "market.events_old"] == list(judged(market, "leaves"))
    assert ["market.totals"] == list(judged(market, "matviews"))


def test_an_inheriting_table_is_found_as_a_leaf_is(market):
    market.run(*KEPT, "grant select on market.kept to market_app")
    [found] = judged(market, "leaves").values()
    market.database.execute(found.remediation)

    assert "inheriting table" == found.object_type
    assert {} == judged(market, "leaves")


def test_a_parent_without_a_tenant_is_found_at_any_height_and_really_shows_the_rows(market):
    market.run(
        "create table market.top (body text)",
        "create table market.base () inherits (market.top)",
        "create table market.kept (tenant_id {type} not null) inherits (market.base)",
        *GUARDED,
        "insert into market.kept values ('of a', {a}), ('of b', {b})",
        "grant select, insert on market.top to market_app",
    )
    with market.database.connect("market_app") as app:
        assert 2 == len(app.execute("select * from market.top").fetchall())
    found = judged(market, "leaves")
    mended(market, found)

    assert ["market.top"] == list(found)
    assert "select granted to market_app" == found["market.top"].observed
    assert {} == judged(market, "leaves")


def test_a_partitioned_partition_is_found_as_a_leaf_is(market):
    market.run(
        "create table market.deep (tenant_id {type} not null, at int) partition by list (at)",
        "create table market.deep_1 partition of market.deep for values in (1) partition by list (at)",
        "grant select on market.deep_1 to market_app",
    )

    assert ["market.deep_1"] == list(judged(market, "leaves"))


def test_hostile_names_are_told_as_they_must_be_written(market):
    market.run(
        'create table market."o\'r""d %s {{}}" () inherits (market.orders)',
        'grant select on market."o\'r""d %s {{}}" to market_app',
    )
    found = judged(market, "leaves")
    mended(market, found)

    assert ['market."o\'r""d %s {}"'] == list(found)
    assert {} == judged(market, "leaves")


@pytest.mark.parametrize("right", ["truncate", "references", "trigger"])
def test_each_right_past_policies_is_found(market, right):
    market.run(f"grant {right} on market.events to public")
    found = judged(market, "rights")

    assert ["market.events"] == list(found)
    assert f"{right} granted to public" == found["market.events"].observed


def test_a_right_on_the_columns_is_found(market):
    market.run("grant references (id) on market.orders to market_app")

    assert ["market.orders"] == list(judged(market, "rights"))


def test_default_privileges_everywhere_count_for_leaves(market):
    market.run(filled(FUTURE, where="", who="public"))
    found = judged(market, "default_privileges")
    mended(market, found)

    assert ["market_owner"] == list(found)
    assert {} == judged(market, "default_privileges")


# --- publications --------------------------------------------------------------------------------


def test_a_publication_of_all_tables_is_found(market):
    market.run("create publication beyond for all tables with (publish = 'insert')")
    found = judged(market, "publications")

    assert ["beyond"] == list(found)
    assert "sends all tables" == found["beyond"].observed
    assert "market.customers, market.events, market.orders" in found["beyond"].detail


def test_a_row_filter_on_the_tenant_is_enough(market, cluster):
    if cluster.version < 15:
        pytest.skip("row filters came with 15")
    market.run("create publication beyond for table market.orders where (tenant_id = {a}) with (publish = 'insert')")

    assert {} == judged(market, "publications")

    for careless in ("number > 1", "tenant_id is not null", "tenant_id <> {a}", "tenant_id = {a} or number > 1"):
        market.run(f"alter publication beyond set table market.orders where ({careless})")

        assert ["beyond"] == list(judged(market, "publications"))


def test_no_record_tells_whom_a_row_filter_names(market, cluster):
    if cluster.version < 15:
        pytest.skip("row filters came with 15")
    market.run("create publication beyond for table market.orders where (tenant_id = {a}) with (publish = 'insert')")
    with market.check() as check:
        runbook.test_publications(check)

        assert market.kind.a.split("'")[1] not in str(check.statements)


def test_a_schema_sends_all_rows_beside_a_filter(market, cluster):
    if cluster.version < 15:
        pytest.skip("schemas came with 15")
    market.run("create publication beyond for tables in schema market with (publish = 'insert')")
    found = judged(market, "publications")
    mended(market, found)

    assert "sends all tables of market" == found["beyond"].observed
    assert {} == judged(market, "publications")


@pytest.mark.parametrize("root", ["true", "false"])
def test_partitions_are_told_by_their_parent(market, root):
    market.run(
        "create publication beyond for table market.events"
        f" with (publish = 'insert', publish_via_partition_root = {root})"
    )
    found = judged(market, "publications")
    mended(market, found)

    assert "every tenant of market.events" in found["beyond"].detail
    assert {} == judged(market, "publications")


# --- views ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["true", "on", "1", "yes", "t"])
def test_a_view_that_reads_as_who_asks_is_no_finding_however_it_says_so(market, cluster, spelling):
    if cluster.version < 15:
        pytest.skip("security_invoker came with 15")
    market.run(shown(how=f"with (security_invoker = {spelling})"), OF_SYSTEM, READ)

    assert {} == judged(market, "views")


def test_a_view_of_an_owner_that_policies_hold_for_is_no_finding(market):
    market.run(shown(), "alter view market.shown owner to market_owner", READ)

    assert {} == judged(market, "views")

    market.run("alter table market.orders no force row level security")

    assert "for whom it is not forced" in judged(market, "views")["market.shown"].detail


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
    found = judged(market, "views")

    assert ["market.shown"] == list(found)
    assert "market.shown → market.middle → market.lowest → market.orders: market_system" in found["market.shown"].detail


def test_a_view_over_a_leaf_is_found(market):
    market.run(shown("events_new"), "alter view market.shown owner to market_owner", READ)

    assert "not enabled on it" in judged(market, "views")["market.shown"].detail


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

    assert ["market.shown"] == list(judged(market, "views"))


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

    assert {} == judged(market, "views")


def test_a_filter_by_a_function_of_the_application_is_one(market):
    market.run(
        "create function market.current_tenant() returns {type} language sql stable as $f$ select {tenant} $f$",
        shown("orders where tenant_id = market.current_tenant()"),
        OF_SYSTEM,
        READ,
    )

    assert {} == judged(market, "views")


def test_a_tenant_that_a_view_makes_up_is_no_filter(market):
    market.run(
        "create view market.lowest as select {tenant} as tenant_id, number from market.orders",
        "alter view market.lowest owner to market_system",
        shown(f"lowest {OURS}"),
        "alter view market.shown owner to market_owner",
        READ,
    )

    assert ["market.shown"] == list(judged(market, "views"))


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
    found = judged(market, "view_writes")
    mended(market, found)

    assert ["market.shown"] == list(found)
    assert {} == judged(market, "view_writes")

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
    found = judged(market, "view_writes")
    mended(market, found)

    assert ["market.shown"] == list(found)
    assert "alter view market.shown set (check_option = cascaded)" == found["market.shown"].remediation
    assert {} == judged(market, "view_writes")

    market.run("alter view market.shown reset (check_option)", "alter view market.lowest set (check_option = local)")

    assert {} == judged(market, "view_writes")


def test_what_a_condition_asks_is_not_written(market):
    market.run(
        shown("orders where exists (select from market.totals as t where t.tenant_id = {tenant})"),
        "alter view market.shown owner to market_owner",
        "grant select on market.totals to market_owner",
        "grant insert on market.shown to market_app",
    )

    assert {} == judged(market, "view_writes")


def test_a_view_that_cannot_be_read_filters_nothing(market):
    market.run(shown(f"orders {OURS}"), OF_SYSTEM, READ)
    with market.check() as check:
        known = reach.known(check)
        loaded = views.load(check, known)
        [(oid, view)] = [(oid, view) for oid, view in loaded.views.items() if view.ident == "market.shown"]
        unread = {**loaded.views, oid: replace(view, definition="what a later server prints (")}

        assert loaded.leak(oid) is None
        assert views.Views(known, loaded.relations, unread, loaded.tenant).leak(oid) is not None


# --- functions -----------------------------------------------------------------------------------

PLPGSQL = (
    "create function market.export() returns setof market.orders language plpgsql stable security definer"
    " set search_path = market, pg_temp as $f$ begin {body} end $f$"
)


@pytest.mark.parametrize(
    "body",
    [
        "return query select * from market.orders;",
        "return query select o.* from orders as o where o.number > 1;",
        "return query execute 'select * from market.orders';",
        "return query execute format('select * from %I.orders', 'market');",
        "if exists (select from market.orders where number = 1) then return; end if;",
        "delete from market.orders where number = 1;",
        "declare one market.orders; begin select * into one from market.orders; end;",
        "return query select * from market.totals_tenant, market.orders;",
    ],
)
def test_a_procedural_body_that_reaches_other_tenants_is_found(market, body):
    market.run(filled(PLPGSQL, body=body), BY_SYSTEM)
    found = judged(market, "definers")
    mended(market, found)

    assert ["market.export()"] == list(found)
    assert {} == judged(market, "definers")


@pytest.mark.parametrize(
    "body",
    [
        "return query select * from market.orders where tenant_id = {tenant};",
        "return query execute $q$ select * from market.orders where tenant_id = {tenant} $q$;",
        "delete from market.orders where tenant_id = {tenant} and number = 1;",
        "perform 1 from market.plans;",
        "declare one market.orders; begin select * into one from market.orders where tenant_id = {tenant}; end;",
        (
            "return query select o.* from market.totals_tenant as t join market.orders as o"
            " on o.tenant_id = t.tenant_id where t.tenant_id = {tenant};"
        ),
    ],
)
def test_a_procedural_body_that_filters_is_not(market, body):
    market.run(filled(PLPGSQL, body=body), BY_SYSTEM)

    assert {} == judged(market, "definers")


def test_a_body_of_standard_sql_is_read(market, cluster):
    if cluster.version < 14:
        pytest.skip("bodies of standard SQL came with 14")
    market.run(
        "create function market.export() returns setof market.orders language sql security definer"
        " begin atomic select * from market.orders; end",
        BY_SYSTEM,
    )

    assert ["market.export()"] == list(judged(market, "definers"))
    # Its names were bound when it was made.
    assert {} == judged(market, "search_paths")


def test_a_function_that_reads_through_a_view_as_its_owner_is_found(market, cluster):
    how = "with (security_invoker)" if cluster.version >= 15 else ""
    market.run(
        shown(how=how),
        OF_SYSTEM,
        export().replace("from market.orders", "from market.shown"),
        BY_SYSTEM,
    )

    assert "market.shown → market.orders" in judged(market, "definers")["market.export()"].detail


def test_a_function_in_a_schema_of_others_really_shows_the_rows_through_a_view_and_is_mended(market):
    market.run(
        "create schema hidden; " + export().replace("market.export", "hidden.export"),
        "alter function hidden.export() owner to market_system",
        "create view market.shown as select * from hidden.export()",
        READ,
    )
    with market.database.connect("market_app") as app:
        assert 4 == len(app.execute("select * from market.shown").fetchall())
    found = judged(market, "definers")
    mended(market, found)

    assert ["hidden.export()"] == list(found)
    assert {} == judged(market, "definers")
    with market.database.connect("market_app") as app, pytest.raises(errors.InsufficientPrivilege):
        app.execute("select * from market.shown")


def test_a_function_that_the_application_may_not_call_is_no_finding(market):
    market.run(export(), BY_SYSTEM, "revoke execute on function market.export() from public")

    assert {} == judged(market, "definers")


def test_a_procedure_is_judged_as_a_function_is(market):
    market.run(
        "create procedure market.clean() language sql security definer set search_path = market, pg_temp"
        " as $f$ delete from market.orders $f$",
        "alter procedure market.clean() owner to market_system",
    )
    found = judged(market, "definers")
    mended(market, found)

    assert "procedure" == found["market.clean()"].object_type
    assert {} == judged(market, "definers")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("market", "temporary tables come first"),
        ("pg_temp, market", "temporary tables come first"),
        ("'market, pg_temp'", "temporary tables come first"),
        ("market, open, pg_temp", "the application can create in open"),
    ],
)
def test_a_search_path_that_somebody_can_redirect_is_found(market, path, told):
    market.run("create schema open", "grant usage, create on schema open to market_app", export())
    market.run(f"alter function market.export() set search_path = {path}")

    assert judged(market, "search_paths")["market.export()"].observed.endswith(told)


@pytest.mark.parametrize(
    "path", ["''", "pg_catalog", "pg_catalog, pg_temp", '"market", pg_temp', "market, open, pg_temp"]
)
def test_a_search_path_that_nobody_can_redirect_is_not(market, path):
    market.run("create schema open", "grant usage on schema open to market_app", export())
    market.run(f"alter function market.export() set search_path = {path}")

    assert {} == judged(market, "search_paths")


def test_a_triggers_function_is_held_to_its_search_path_whoever_may_call_it(market):
    market.run(
        "create function market.stamp() returns trigger language plpgsql security definer as $f$ begin end $f$",
        "revoke execute on function market.stamp() from public",
        "create trigger stamp before insert on market.orders for each row execute function market.stamp()",
    )
    found = judged(market, "search_paths")

    assert ["market.stamp()"] == list(found)
    assert {} == judged(market, "definers")
