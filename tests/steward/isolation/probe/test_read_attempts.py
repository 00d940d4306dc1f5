"""What a read proves: rows without a tenant column, words of others, and calls that return nothing."""

from __future__ import annotations

import pytest

from steward.isolation.probe.probe import run

DEFINER = "language sql stable security definer set search_path = market, pg_temp"


def described(cells):
    """Cells as a failed test should show them."""
    return sorted({(cell.relation, cell.role, cell.command, cell.state, cell.plan, cell.reason) for cell in cells})


def both(market):
    """The matrices of reads and of writes."""
    return [run(market.target, market.settings.profile, writes=writes) for writes in (False, True)]


def shown(query, granted="select"):
    """A view of somebody whom no policy filters."""
    return (
        f"create view market.shown with (security_barrier) as {query}",
        "alter view market.shown owner to market_system",
        "grant select on market.plans to market_system",
        f"grant {granted} on market.shown to market_app",
    )


def definer(signature, returns, body, owner="market_owner"):
    """A function that runs as its owner."""
    return (
        f"create function market.{signature} returns {returns} {DEFINER} as $f$ {body} $f$",
        f"alter function market.{signature} owner to {owner}",
    )


BESIDE = (
    "select o.tenant_id, c.email from market.orders as o cross join market.customers as c where o.tenant_id = {tenant}"
)
OFFERED = "select o.tenant_id, p.code from market.orders as o cross join market.plans as p where o.tenant_id = {tenant}"


@pytest.mark.parametrize(
    ("query", "granted", "is_red"),
    [
        (BESIDE, "select", True),
        (BESIDE, "select (tenant_id, email)", True),
        (BESIDE, "select (tenant_id)", False),
        (f"{BESIDE} and c.tenant_id = o.tenant_id", "select", False),
        # Everybody sees what all tenants share.
        (OFFERED, "select", False),
    ],
)
def test_another_tenants_words_in_a_tenants_row_are_a_leak(market, query, granted, is_red):
    market.run(*shown(query, granted))
    matrix = run(market.target, market.settings.profile, writes=True)

    assert ({("market.shown", "select")} if is_red else set()) == {
        (cell.relation, cell.command) for cell in matrix.leaks
    }, described(matrix.leaks)
    assert [] == described(matrix.inconclusive)


def test_a_view_of_which_some_columns_are_granted_is_read_by_these(market):
    market.run(*shown("select id, number, note from market.orders", "select (id, number)"))
    matrix = run(market.target, market.settings.profile, writes=True)

    assert {"market.shown"} == {cell.relation for cell in matrix.leaks}


@pytest.mark.parametrize(
    "made",
    [
        ("is_member(tenant_id {type})", "boolean", "select $1 = {tenant}"),
        ("is_old(integer, variadic text[])", "table (old boolean, since date)", "select $1 > 9, current_date"),
        ("counted()", "bigint", "select count(*) from market.orders"),
    ],
)
def test_what_carries_no_row_is_a_note(market, made):
    signature, returns, body = made
    market.run(f"create function market.{signature} returns {returns} {DEFINER} as $f$ {body} $f$")
    for matrix in both(market):
        assert [] == described([*matrix.leaks, *matrix.inconclusive])
        assert any("contain no row" in note for note in matrix.notes), matrix.notes


def test_numbers_that_tell_another_tenants_rows_are_a_leak(market):
    market.run(*definer("numbers()", "setof integer", "select number from market.orders", "market_system"))
    matrix = run(market.target, market.settings.profile, writes=True)

    assert {"market.numbers()"} == {cell.relation for cell in matrix.leaks}


def test_a_function_that_could_not_be_called_is_no_pass(market):
    market.run(*definer("page(integer)", "setof market.orders", "select * from market.orders"))
    reads, writes = both(market)

    assert [] == described([*reads.leaks, *writes.leaks, *reads.inconclusive])
    assert any(note.startswith("market.page(integer): ") for note in reads.notes), reads.notes
    assert {("market.page(integer)", "it was not called: no argument of type integer is known for it")} == {
        (cell.relation, cell.reason) for cell in writes.inconclusive
    }


NAMELESS = (
    *shown("select id, number from market.orders where tenant_id = {tenant}"),
    *definer("mine()", "setof uuid", "select id from market.orders"),
)


def test_what_names_no_tenant_is_left_to_the_writes(market):
    market.run(*NAMELESS)
    reads, writes = both(market)

    assert [] == described([*reads.leaks, *reads.inconclusive, *writes.leaks, *writes.inconclusive])
    assert any(note.startswith("market.mine(), market.shown") for note in reads.notes), reads.notes
    assert {"market.mine()", "market.shown"} < {cell.relation for cell in writes.isolated}


@pytest.mark.parametrize("writes", ["live", "never"])
def test_what_names_no_tenant_is_left_to_nobody_who_does_not_try_it(market, writes):
    market.run(*NAMELESS)
    isolation = market.settings.profile.isolation.model_copy(update={"writes": writes})
    profile = market.settings.profile.model_copy(update={"isolation": isolation})
    matrix = run(market.target, profile, writes=False)

    assert {"market.mine()", *(["market.shown"] if writes == "never" else [])} == {
        cell.relation for cell in matrix.inconclusive
    }


def test_a_tenant_that_another_one_speaks_of_is_not_seen(market_of):
    market = market_of("text")
    market.run(
        "alter table market.orders drop constraint orders_customer_fkey",
        "update market.orders set tenant_id = 'acme-corporation' where tenant_id = 'acme'",
        "update market.orders set note = 'as for acme-corporation' where tenant_id = 'globex'",
        *shown("select note from market.orders where tenant_id = {tenant}"),
    )
    matrix = run(market.target, market.settings.profile, writes=False)

    assert [] == described(matrix.leaks)
