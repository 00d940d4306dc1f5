"""The probe reports no false leak, misses none, and leaves nothing behind."""

from __future__ import annotations

import os
import re
from dataclasses import replace

import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from checks import test_isolation_probe as runbook
from steward import Inconclusive
from steward.database import queries, session
from steward.isolation.clone import dump_restore
from steward.isolation.probe import side_effects, surface
from steward.isolation.probe.probe import run
from steward.isolation.probe.role_session import RoleSession
from steward.server import throwaway
from tests.fixtures.market import guarded

EXPORT = (
    "create function market.export() returns setof market.orders language sql stable security definer"
    " set search_path = market, pg_temp as $f$ select * from market.orders $f$"
)
OWNED = "alter function market.export() owner to {}"
NAMED = (
    "update market.customers set tenant_id = 'acme-corporation' where tenant_id = 'acme'",
    "update market.customers set tenant_id = 'acme-corporation-2' where tenant_id = 'globex'",
    "update market.orders set tenant_id = 'acme-corporation' where tenant_id = 'acme'",
    "update market.orders set tenant_id = 'acme-corporation-2' where tenant_id = 'globex'",
    "update market.events set tenant_id = 'acme-corporation' where tenant_id = 'acme'",
    "update market.events set tenant_id = 'acme-corporation-2' where tenant_id = 'globex'",
)


def described(cells):
    """Cells as a failed test should show them."""
    return sorted({(cell.relation, cell.role, cell.command, cell.state, cell.plan, cell.reason) for cell in cells})


def both(market):
    """The matrices of reads and of writes."""
    return [run(market.target, market.settings.profile, writes=writes) for writes in (False, True)]


@pytest.mark.parametrize("owner", ["market_owner", "market_system"])
def test_a_name_that_begins_another_is_not_taken_for_it(market_of, owner):
    market = market_of("text")
    market.run("alter table market.orders drop constraint orders_customer_fkey", *NAMED, EXPORT, OWNED.format(owner))
    for matrix in both(market):
        assert (owner == "market_system") == bool(matrix.leaks), described(matrix.leaks)
        assert {"market.export()"} >= {cell.relation for cell in matrix.leaks}


def test_tenants_of_a_fixed_length_are_isolated(market):
    market.run(
        "create table market.notes (tenant_id char(40) not null, body text)",
        "alter table market.notes owner to market_owner",
        "alter table market.notes enable row level security",
        "alter table market.notes force row level security",
        "create policy tenant on market.notes using (tenant_id = current_setting('market.tenant', true))",
        "grant select, insert on market.notes to market_app",
    )
    matrix = run(market.target, market.settings.profile, writes=True)

    assert [] == described(matrix.leaks)


def test_an_empty_default_of_the_setting_is_no_tenant(market):
    market.run(
        "do $d$ begin execute format('alter database %I set market.tenant = %L', current_database(), ''); end $d$",
        "alter role market_app set market.tenant = ''",
    )
    for matrix in both(market):
        assert [] == described(matrix.leaks)


@pytest.mark.parametrize("code", ["insufficient_privilege", "invalid_authorization_specification", "XY001"])
def test_a_policy_that_refuses_sessions_without_a_tenant_is_isolated(market, code):
    market.run(
        "create function market.current_tenant() returns {type} language plpgsql stable as $f$ begin"
        " if {tenant} is null then raise exception 'no tenant' using errcode = '" + code + "'; end if;"
        " return {tenant}; end $f$",
        "drop policy tenant on market.orders",
        "create policy tenant on market.orders using (tenant_id = market.current_tenant())",
    )
    for matrix in both(market):
        assert [] == described(matrix.leaks)
        assert not [cell for cell in matrix.inconclusive if cell.state in {"fresh", "empty"}], described(
            matrix.inconclusive
        )


def test_what_a_function_says_of_a_tenant_is_not_reported(market_of):
    market = market_of("text")
    market.run(
        "create function market.current_tenant() returns text language plpgsql stable as $f$ begin"
        " if {tenant} <> '' then raise exception '% is suspended', {tenant}; end if; return null; end $f$",
        "drop policy tenant on market.orders",
        "create policy tenant on market.orders using (tenant_id = market.current_tenant())",
    )
    matrix = run(market.target, market.settings.profile, writes=False)

    assert "P0001: a function raised it" in matrix.render()
    assert "acme" not in matrix.render()
    assert "globex" not in matrix.render()


def test_roles_that_may_do_nothing_are_no_pass(market):
    market.run("create role market_nobody nologin", "grant market_nobody to market_steward", "analyze")
    with (
        market.check(isolation={"roles": ("market_nobody",)}) as check,
        pytest.raises(Inconclusive, match="may do nothing"),
    ):
        runbook.test_reads(check)


def test_a_role_for_whom_nothing_is_isolated_is_red(market):
    market.run(
        "create role market_power nologin superuser",
        "grant market_power to market_steward",
        "drop view market.totals_tenant",
    )
    with market.check(isolation={"roles": ("market_power",)}) as check, pytest.raises(AssertionError):
        runbook.test_reads(check)


def test_a_chain_of_memberships_is_cut_where_it_can_be(market):
    market.run(
        "create role market_power nologin bypassrls",
        "create role market_middle nologin",
        "grant market_power to market_middle",
        "grant market_middle to market_app",
        "grant select on market.orders to market_power",
    )
    with market.check() as check, pytest.raises(AssertionError):
        runbook.test_reads(check)
    remedies = {finding.remediation for finding in check.offenders}

    assert "revoke market_power from market_middle;" in remedies
    assert {"market_app → market_middle → market_power"} <= {finding.object_name for finding in check.offenders}


def test_a_try_leaves_no_lock(market):
    profile = market.settings.profile
    with session.observer(market.target, profile) as conn:
        [orders] = [one for one in surface.attack_surface(conn, profile).relations if one.ident == "market.orders"]
    with session.probe(market.target, profile, "market_app") as probing, probing.transaction(force_rollback=True):
        tries = RoleSession(probing, profile, "market_app")
        statement = queries.compose(
            "isolation/probe/read_attempts/rows", columns=sql.SQL("tenant_id"), relation=orders.identifier
        )
        for plan in ("custom", "generic", "generic"):
            assert tries.run(statement, plan).error is None
        locks = market.database.execute("select mode from pg_locks where relation = 'market.orders'::regclass")

        assert [] == locks


@pytest.fixture
def visits(market):
    """A table of twenty partitions, all granted and guarded as their parent is."""
    market.run(
        "create table market.visits (tenant_id {type} not null, day integer not null) partition by list (day)",
        "alter table market.visits owner to market_owner",
        "grant select, insert on market.visits to market_app",
        *guarded("market.visits"),
    )
    for day in range(20):
        leaf = f"market.visits_{day}"
        market.run(
            f"create table {leaf} partition of market.visits for values in ({day})",
            f"alter table {leaf} owner to market_owner",
            f"grant select on {leaf} to market_app",
            *guarded(leaf),
            f"insert into {leaf} values ({{a}}, {day}), ({{b}}, {day})",  # noqa: S608 - one of ours
        )
    return market


def test_partitions_that_are_guarded_alike_are_tried_for_each_other(visits):
    for matrix in both(visits):
        leaves = {cell.relation for cell in matrix.cells if cell.relation.startswith("market.visits_")}

        assert [] == described([*matrix.leaks, *matrix.inconclusive])
        assert 8 == len(leaves)
        assert any(note.startswith("12 partitions of market.visits are guarded as 8 that") for note in matrix.notes)


@pytest.mark.parametrize(
    "opened",
    [
        "alter table market.visits_9 disable row level security",
        "create policy beside on market.visits_9 using (true)",
        "alter policy tenant on market.visits_9 using (tenant_id = tenant_id)",
    ],
)
def test_a_partition_that_is_guarded_otherwise_is_tried(visits, opened):
    visits.run(opened)
    for matrix in both(visits):
        assert {"market.visits_9"} == {cell.relation for cell in matrix.leaks}


def test_partitions_beyond_what_is_tried_are_no_pass(visits, monkeypatch):
    monkeypatch.setattr(surface, "DIFFERENT", 3)
    for matrix in both(visits):
        beyond = {cell.relation for cell in matrix.inconclusive}

        assert 5 == len(beyond)
        assert all(re.search(rf"\| {name} +\| market_app +\| \? 1", matrix.render()) for name in beyond)


def test_what_returns_nothing_is_reported(market):
    market.run(
        "create procedure market.clean() language sql security definer set search_path = market, pg_temp"
        " as $f$ delete from market.orders $f$",
        "create function market.purge() returns void language sql security definer set search_path = market, pg_temp"
        " as $f$ delete from market.orders $f$",
        "revoke execute on function market.purge() from public",
        "grant execute on function market.purge() to market_app",
    )
    for matrix in both(market):
        notes = [note for note in matrix.notes if "it is not called" in note]

        assert ["market.clean()", "market.purge()"] == [note.split()[0] for note in notes]


def test_tenants_that_are_numbered_leave_room_for_invented_ones(market_of):
    market = market_of("integer")
    many = "generate_series(1000, 29999) as number"
    market.run(f"insert into market.events select number, '2026-06-01 00:00+00', 'many' from {many}")  # noqa: S608 - ours
    matrix = run(market.target, market.settings.profile, writes=True)

    assert [] == described([*matrix.leaks, *matrix.inconclusive])


def test_a_foreign_table_that_nobody_can_read_is_no_error(market):
    market.run(
        "create foreign data wrapper nowhere",
        "create server afar foreign data wrapper nowhere",
        "create foreign table market.elsewhere (tenant_id {type}) server afar",
        "grant select on market.elsewhere to market_app, market_system",
    )
    matrix = run(market.target, market.settings.profile, writes=False)

    assert [] == described(matrix.leaks)
    assert {"market.elsewhere"} == {cell.relation for cell in matrix.inconclusive}


REFERRED = (
    "create table market.returns (tenant_id {type} not null, order_id uuid not null)",
    "alter table market.returns add foreign key (tenant_id, order_id) references market.orders (tenant_id, id)",
    "alter table market.returns owner to market_owner",
    *guarded("market.returns"),
    "grant select, insert on market.returns to market_app",
)


def test_a_row_that_others_refer_to_proves_that_a_delete_reaches_it(market):
    market.run(*REFERRED)
    matrix = run(market.target, market.settings.profile, writes=True)

    assert [] == described(matrix.leaks)
    assert {"market.orders", "market.customers"} <= {
        cell.relation for cell in matrix.isolated if cell.command == "delete" and cell.state == "A"
    }
    assert {"delete all"} >= {cell.command for cell in matrix.inconclusive}

    market.run(
        "drop policy tenant on market.orders",
        "create policy tenant on market.orders for select using (true)",
        "create policy ends on market.orders for delete using (true)",
    )
    matrix = run(market.target, market.settings.profile, writes=True)
    [reason] = {cell.reason for cell in matrix.leaks if (cell.relation, cell.command) == ("market.orders", "delete")}

    assert reason.startswith("23503: a row that is not the tenant's was reached")


def test_a_column_of_a_partial_index_is_plainer_than_a_reference(market):
    market.run("create unique index orders_open on market.orders (tenant_id, number) where note is null")
    matrix = run(market.target, market.settings.profile, writes=True)

    assert [] == described([*matrix.leaks, *matrix.inconclusive])


def test_a_row_that_stays_is_reported(market, monkeypatch):
    contents, look = [], side_effects.table_contents

    def looking(*ground, live):
        contents.append(look(*ground, live=live))
        if len(contents) == 1:
            # As a function would leave it that commits by itself.
            market.run("insert into market.events values ({a}, now(), 'stays')")
        return contents[-1]

    monkeypatch.setattr(side_effects, "table_contents", looking)
    matrix = run(market.target, market.settings.profile, writes=True)

    assert {("market.events", "rollback")} == {(cell.relation, cell.command) for cell in matrix.leaks}
    assert any("a second connection sees other rows than before" in note for note in matrix.notes)


def test_no_password_is_among_the_words_of_a_program(market):
    at = replace(market.target, conninfo=make_conninfo(market.target.conninfo, password="hush", sslpassword="hush"))
    with session.login(at) as conn:
        words = dump_restore._words(conn, throwaway.client_programs(os.environ, conn.info.server_version // 10000))

        assert "hush" == conn.info.password
        assert "hush" not in words


@pytest.mark.parametrize("name", ["tenant", "oid", "depth"])
def test_a_table_of_tenants_may_call_its_key_as_it_likes(market, name):
    market.run(
        f"create table market.tenants ({name} {{type}} primary key)",
        "insert into market.tenants select distinct tenant_id from market.orders",
        "alter table market.tenants owner to market_owner",
        f"alter table market.orders add foreign key (tenant_id) references market.tenants ({name})",
    )
    matrix = run(market.target, market.settings.profile, writes=True)

    assert [] == described([*matrix.leaks, *matrix.inconclusive])
