"""Objects that show tenants' rows beside their tables: each planted, mended by its own remedy, and healthy."""

from __future__ import annotations

import pytest

from steward import Inconclusive, NotNeeded
from tests.fixtures.objects import (
    BY_SYSTEM,
    BY_TRIGGER,
    FAR,
    FUNCTION,
    FUTURE,
    GUARDED,
    INBOX,
    ITEMS,
    KEPT,
    OF_SYSTEM,
    OURS,
    PEEK,
    READ,
    RULE,
    export,
    filled,
    judged,
    mended,
    shown,
)

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
    "rules": (
        (*INBOX, filled(RULE, where="")),
        (*INBOX, filled(RULE, where=OURS)),
    ),
    "triggers": (
        (*INBOX, filled(FUNCTION, how="security definer"), *BY_TRIGGER),
        (*INBOX, filled(FUNCTION, how="security invoker"), *BY_TRIGGER),
    ),
    "leakproof": ((filled(PEEK, how="leakproof"),), (filled(PEEK, how="not leakproof"),)),
    "reads": ((shown(), OF_SYSTEM, READ), (shown(f"orders {OURS}"), OF_SYSTEM, READ)),
    "writes": (
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


@pytest.mark.parametrize("shipped", ["database", "demo_database"])
def test_the_shipped_schema_is_green(shipped, request, settings, checking):
    database = request.getfixturevalue(shipped)
    for item in ITEMS:
        ITEMS[item](checking(database, settings))


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
            ITEMS[item](check)
        found = {finding.object_name: finding for finding in check.offenders}
    mended(market, found)

    assert found
    assert {} == judged(market, item)


@pytest.mark.parametrize("item", PLANTED)
def test_every_item_passes_on_a_healthy_twin(market, item):
    market.run(*PLANTED[item][1])

    assert {} == {item: found for item in ITEMS if (found := judged(market, item))}


@pytest.mark.parametrize("item", ITEMS)
def test_nothing_to_judge_is_never_green(market, item):
    with market.check(tenancy={"column": "", "setting": ""}) as check, pytest.raises(NotNeeded):
        ITEMS[item](check)
    with market.check(tenancy={"column": "nobody_has_it"}) as check, pytest.raises(Inconclusive):
        ITEMS[item](check)


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
    [totals] = judged(market, "matviews").values()
    market.database.execute(totals.remediation)

    assert "revoke pg_read_all_data from market_app" == totals.remediation
    assert {} == judged(market, "matviews")
    assert {} == judged(market, "leaves")


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


def test_hostile_names_are_reported_as_they_must_be_written(market):
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
        ITEMS["publications"](check)

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
def test_partitions_are_reported_by_their_parent(market, root):
    market.run(
        "create publication beyond for table market.events"
        f" with (publish = 'insert', publish_via_partition_root = {root})"
    )
    found = judged(market, "publications")
    mended(market, found)

    assert "every tenant of market.events" in found["beyond"].detail
    assert {} == judged(market, "publications")
