"""Functions, triggers and rules that act as their owner: each planted, mended and healthy."""

from __future__ import annotations

import pytest
from psycopg import errors

from tests.fixtures.objects import (
    BY_SYSTEM,
    INBOX,
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

PLPGSQL = (
    "create function market.export() returns setof market.orders language plpgsql stable security definer"
    " set search_path = market, pg_temp as $f$ begin {body} end $f$"
)

# The end of a block that declares a variable.
ONE = "delete from market.orders where tenant_id = one; end;"


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
        f"declare one {{type}}; begin one := {{tenant}}; one := 'x'; {ONE}",
        f"declare one {{type}} = {{tenant}}; begin select id into one from market.plans; {ONE}",  # noqa: S608
        f"declare one {{type}} = {{tenant}}; begin foreach one in array array[{{a}}, {{b}}] loop end loop; {ONE}",
        f"declare two {{type}}; one {{type}} = two; begin {ONE}",
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
        f"declare one {{type}} = {{tenant}}; begin {ONE}",
        f"declare one constant {{type}} := {{tenant}}; begin {ONE}",
        f"declare one {{type}}; begin one := {{tenant}}; {ONE}",
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
    ("path", "reason"),
    [
        ("market", "temporary tables come first"),
        ("pg_temp, market", "temporary tables come first"),
        ("'market, pg_temp'", "temporary tables come first"),
        ("market, open, pg_temp", "the application can create in open"),
    ],
)
def test_a_search_path_that_somebody_can_redirect_is_found(market, path, reason):
    market.run("create schema open", "grant usage, create on schema open to market_app", export())
    market.run(f"alter function market.export() set search_path = {path}")

    assert judged(market, "search_paths")["market.export()"].observed.endswith(reason)


@pytest.mark.parametrize(
    "path", ["''", "pg_catalog", "pg_catalog, pg_temp", '"market", pg_temp', "market, open, pg_temp"]
)
def test_a_search_path_that_nobody_can_redirect_is_not(market, path):
    market.run("create schema open", "grant usage on schema open to market_app", export())
    market.run(f"alter function market.export() set search_path = {path}")

    assert {} == judged(market, "search_paths")


def test_a_triggers_function_needs_its_search_path_whoever_may_call_it(market):
    market.run(
        "create function market.stamp() returns trigger language plpgsql security definer as $f$ begin end $f$",
        "revoke execute on function market.stamp() from public",
        "create trigger stamp before insert on market.orders for each row execute function market.stamp()",
    )
    found = judged(market, "search_paths")

    assert ["market.stamp()"] == list(found)
    assert {} == judged(market, "definers")


def test_a_parameter_is_no_variable_of_one_value(market):
    """It came with the call, whatever is assigned to it later."""
    market.run(
        "create function market.export(mine {type}) returns setof market.orders language plpgsql security definer"
        " set search_path = market, pg_temp as $f$ begin if now() is null then mine := {tenant}; end if;"
        " return query select * from market.orders where tenant_id = mine; end $f$",
        "alter function market.export({type}) owner to market_system",
    )

    assert ["market.export(mine uuid)"] == list(judged(market, "definers"))


def test_a_variable_that_a_column_hides_is_none(market):
    market.run(
        filled(
            PLPGSQL,
            body="declare number integer = 1; mine {type} = {tenant}; begin"
            " return query select * from market.orders where tenant_id = mine; end;",
        ).replace("$f$ begin", "$f$ #variable_conflict use_column\nbegin"),
        BY_SYSTEM,
    )

    assert ["market.export()"] == list(judged(market, "definers"))


# --- triggers ------------------------------------------------------------------------------------

ACT = (
    "create function market.act() returns trigger language plpgsql security definer"
    " set search_path = pg_catalog, pg_temp as $f$ begin {body}; return null; end $f$"
)
BY_SYSTEM_ACTS = "alter function market.act() owner to market_system"
FIRED = "create trigger act after insert or update on {table} for each row execute function market.act()"
LEDGER = (
    "create table market.ledger (tenant_id {type} not null, body text)",
    "alter table market.ledger owner to market_system",
)


def acting(body, *tables):
    return (filled(ACT, body=body), BY_SYSTEM_ACTS, *(filled(FIRED, table=table) for table in tables))


def test_a_trigger_really_reaches_another_tenant_and_is_mended(market):
    market.run(
        "create table market.inbox (number integer, body text)",
        "grant insert on market.inbox to market_app",
        *acting("delete from market.orders where number = new.number", "market.inbox"),
    )
    with market.database.connect("market_app") as app:
        app.execute("insert into market.inbox values (1)")
    with market.database.connect() as conn:
        left = conn.execute("select count(*) as left from market.orders where number = 1").fetchone()["left"]
    found = judged(market, "triggers")
    mended(market, found)

    assert 0 == left
    assert ["market.act()"] == list(found)
    assert "when market_app writes to market.inbox" in found["market.act()"].observed
    assert {} == judged(market, "triggers")


@pytest.mark.parametrize(
    "body",
    [
        "new.tenant_id := new.note; insert into market.ledger values (new.tenant_id)",
        "new.tenant_id := new.note; insert into market.ledger (tenant_id) values (new.tenant_id)",
        "select * into new from market.orders limit 1; insert into market.ledger (tenant_id) values (new.tenant_id)",
        "insert into market.ledger (tenant_id) values (new.id)",
        "delete from market.orders where number = new.number",
        "execute format('delete from market.orders where number = %s', new.number)",
    ],
)
def test_what_a_trigger_of_a_guarded_table_reaches_is_found(market, body):
    market.run(*LEDGER, *acting(body, "market.orders"))

    assert ["market.act()"] == list(judged(market, "triggers"))


@pytest.mark.parametrize(
    "body",
    [
        "new.note := 'x'; insert into market.ledger (tenant_id) values (new.tenant_id)",
        "insert into market.ledger (tenant_id) select tenant_id from market.customers where tenant_id = new.tenant_id",
        "delete from market.orders where tenant_id = coalesce(new.tenant_id, old.tenant_id) and number = 7",
        "insert into market.ledger (tenant_id) values (new.tenant_id) on conflict do nothing",
    ],
)
def test_what_it_holds_to_the_rows_tenant_is_not(market, body):
    market.run(*LEDGER, *acting(body, "market.orders"))

    assert {} == judged(market, "triggers")


@pytest.mark.parametrize(("end", "found"), [("return null", ["market.act()"]), ("return new", [])])
def test_a_trigger_that_keeps_the_row_from_being_written_is_not_bound_to_its_tenant(market, end, found):
    """No policy checks a row that is not written: a tenant of anybody's gets to the ledger with it."""
    act = filled(ACT, body="insert into market.ledger (tenant_id) values (new.tenant_id)").replace("return null", end)
    market.run(*LEDGER, act, BY_SYSTEM_ACTS, filled(FIRED, table="market.orders").replace("after", "before"))

    assert found == list(judged(market, "triggers"))


def test_one_table_without_policies_among_those_that_fire_it_is_enough(market):
    market.run(
        *LEDGER,
        "create table market.notes (tenant_id {type})",
        "grant insert on market.notes to market_app",
        *acting("insert into market.ledger (tenant_id) values (new.tenant_id)", "market.orders", "market.notes"),
    )

    assert ["market.act()"] == list(judged(market, "triggers"))


@pytest.mark.parametrize(
    "quiet",
    [
        "alter table market.orders disable trigger act",
        "revoke insert, update on market.orders from market_app",
        "alter function market.act() owner to market_app",
        "alter function market.act() owner to market_owner",
    ],
)
def test_a_trigger_that_the_application_does_not_fire_or_whose_owner_is_filtered_is_none(market, quiet):
    market.run(*acting("delete from market.orders where number = new.number", "market.orders"), quiet)
    if "revoke" in quiet:
        market.run("revoke update (customer_id, plan, number, note) on market.orders from market_app")

    assert {} == judged(market, "triggers")


# --- rules ---------------------------------------------------------------------------------------


def ruled(what, on="insert to market.inbox"):
    return (*INBOX, f'create rule "ac""ts" as on {on} do {what}')


def test_a_rule_really_reaches_another_tenant_and_is_mended(market):
    market.run(*ruled("also delete from market.orders"))
    with market.database.connect("market_app") as app:
        app.execute("insert into market.inbox values ('x')")
    with market.database.connect() as conn:
        left = conn.execute("select count(*) as left from market.orders").fetchone()["left"]
    found = judged(market, "rules")
    mended(market, found)

    assert 0 == left
    assert ['"ac""ts" on market.inbox'] == list(found)
    assert "acts as market_system for market_app" == found['"ac""ts" on market.inbox'].observed
    assert {} == judged(market, "rules")


@pytest.mark.parametrize(
    "what",
    [
        "also (delete from market.plans; delete from market.orders where number = 1)",
        "also update market.plans set code = o.note from market.orders as o where o.number = 1",
        "instead insert into market.plans select note from market.orders",
    ],
)
def test_any_statement_of_a_rule_counts(market, what):
    market.run(*ruled(what))

    assert ['"ac""ts" on market.inbox'] == list(judged(market, "rules"))


def test_the_condition_of_a_rule_counts(market):
    market.run(*ruled("instead nothing", "insert to market.inbox where exists (select from market.orders)"))

    assert ['"ac""ts" on market.inbox'] == list(judged(market, "rules"))


@pytest.mark.parametrize(
    "quiet",
    [
        "alter table market.inbox disable rule acts",
        "alter table market.inbox owner to market_owner",
        "alter table market.inbox owner to market_app",
        "revoke insert on market.inbox from market_app",
        "revoke usage on schema market from market_app, market_reader",
    ],
)
def test_a_rule_that_does_not_act_for_the_application_or_whose_owner_is_filtered_is_none(market, quiet):
    market.run(*INBOX, filled(RULE, where=""), quiet)

    assert {} == judged(market, "rules")


def test_a_view_that_a_rule_writes_for_is_judged_by_the_rule(market):
    """Its own rows are not what is written: neither a view of any tenant's rows, nor a healthy rule's finding."""
    market.run(
        shown(f"orders {OURS}"),
        OF_SYSTEM,
        "grant update on market.shown to market_app",
        "create rule acts as on update to market.shown do instead update market.orders set note = new.note"
        " where tenant_id = old.tenant_id and number = old.number",
    )

    assert {} == judged(market, "writes")
    assert {} == judged(market, "rules")


def test_a_rule_with_a_condition_leaves_the_rest_to_the_view(market):
    market.run(
        shown(f"orders {OURS}"),
        OF_SYSTEM,
        "grant insert on market.shown to market_app",
        "create rule acts as on insert to market.shown where new.number = 1 do instead nothing",
    )

    assert ["market.shown"] == list(judged(market, "writes"))


def test_what_a_rule_of_a_table_of_tenants_says_of_new_counts_only_where_the_row_is_written(market):
    written = "insert into market.events (tenant_id, at, kind) values (new.tenant_id, now(), 'x')"
    market.run(
        "alter table market.events owner to market_system",
        "alter table market.orders owner to market_system",
        "create rule acts as on insert to market.orders do also " + written,
    )
    assert {} == judged(market, "rules")
    market.run("create or replace rule acts as on insert to market.orders do instead " + written)

    assert ["acts on market.orders"] == list(judged(market, "rules"))


# --- leakproof functions -------------------------------------------------------------------------


def test_a_leakproof_function_really_sees_rows_of_other_tenants_and_is_mended(market):
    def notices_sent():
        notices = []
        with market.database.connect("market_app") as app:
            app.add_notice_handler(lambda notice: notices.append(notice.message_primary))
            app.execute(market.kind.format("select set_config('market.tenant', ({a})::text, false)"))
            # Through an index on the tenant only the tenant's rows are met; who asks may say that none be used.
            app.execute("set enable_indexscan = off; set enable_bitmapscan = off")
            app.execute("select from market.orders where market.peek(note)")
        return sorted(notices)

    market.run(filled(PEEK, how="leakproof"))
    before = notices_sent()
    found = judged(market, "leakproof")
    mended(market, found)

    assert ["of ann@example.com", "of bob@example.com", "of cid@example.com", "of dot@example.com"] == before
    assert ["market.peek(text)"] == list(found)
    assert ["of ann@example.com", "of bob@example.com"] == notices_sent()
    assert {} == judged(market, "leakproof")


def test_what_is_given_no_row_or_is_not_the_applications_to_call_is_none(market):
    market.run(
        "create function market.current() returns integer language sql leakproof as $f$ select 1 $f$",
        filled(PEEK, how="leakproof"),
        "revoke execute on function market.peek(text) from public",
    )

    assert {} == judged(market, "leakproof")
