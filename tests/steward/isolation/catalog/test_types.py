"""Tenant columns of a type of the application's own: casts of the setting to it, in policies, views and functions."""

from __future__ import annotations

import psycopg
import pytest

from tests.fixtures.market import SETTING, guarded

VALUE = f"current_setting('{SETTING}', true)"
NONE_IS_NULL = f"nullif({VALUE}, '')"
OWN = ("market.key", "market.word", "market.kind", "varchar(50)")
# The market's other tables have tenants of type uuid.
ALWAYS = {"isolation_columns.types"}


def noted(kind, setting):
    """A table with tenants of that type, whose policies, view and definer function read the setting by ``setting``."""
    filtered = f"select * from market.notes where tenant_id = {setting}::{kind}"  # noqa: S608 - one of ours
    guard = [text.replace("{tenant}", f"{setting}::{kind}") for text in guarded("market.notes")]
    return (
        "create domain market.key as {type}; create domain market.word as text; create type market.kind as enum ('a')",
        f"create table market.notes (tenant_id {kind} not null, body text)",
        "alter table market.notes owner to market_owner; grant select on market.notes to market_app",
        *guard,
        f"create view market.notes_own with (security_barrier) as {filtered}",
        "alter view market.notes_own owner to market_system; grant select on market.notes_own to market_app",
        (
            "create function market.notes_all() returns setof market.notes language sql stable security definer"
            f" set search_path = '' as $f$ {filtered} $f$"
        ),
        "alter function market.notes_all() owner to market_system",
    )


@pytest.mark.parametrize("kind", OWN)
def test_a_cast_of_the_setting_to_the_columns_own_type_is_a_filter_wherever_it_stands(market, kind):
    market.run(*noted(kind, NONE_IS_NULL))

    assert set(market.found()) == ALWAYS


@pytest.mark.parametrize("kind", ["market.key", "market.kind"])
def test_a_cast_of_the_emptied_setting_to_a_type_that_has_no_such_value_is_found(market, kind):
    market.run(*noted(kind, VALUE))

    assert set(market.found()) == {*ALWAYS, "isolation_settings.casts"}


@pytest.mark.parametrize("kind", ["market.key", "market.kind"])
def test_a_session_that_was_reset_cannot_cast_its_setting_to_such_a_type(market, kind):
    market.run(*noted(kind, VALUE))
    with market.database.connect() as conn:
        conn.execute("set role market_app")
        conn.execute(f"set {SETTING} = ''")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            conn.execute("select * from market.notes")


def test_a_cast_to_a_type_that_no_tenant_column_has_is_no_filter(market):
    market.run(
        *noted("text", NONE_IS_NULL),
        "create or replace view market.notes_own with (security_barrier) as"  # noqa: S608 - one of ours
        f" select * from market.notes where tenant_id = {NONE_IS_NULL}::varchar(3)",
    )

    assert "isolation_views.reads" in market.found()
