"""Expressions as the server prints them: which rows they let through, told without running them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.isolation.analysis import filters, function_bodies, three_valued
from steward.isolation.analysis.evaluate import TenantBinding

SETTING = "current_setting('app.tenant'::text, true)"
BINDING = TenantBinding("tenant_id", "app.tenant")
SAFE = (
    f"((tenant_id)::text = {SETTING})",
    f"({SETTING} = tenant_id)",
    f"(t.tenant_id = {SETTING})",
    f"(tenant_id = ( SELECT {SETTING} AS current_setting))",
    f"(tenant_id = (NULLIF({SETTING}, ''::text))::uuid)",
    f"(tenant_id = (NULLIF({SETTING}, ''::text))::bigint)",
    "(tenant_id = current_setting('APP.Tenant'::text))",
    f"((tenant_id = {SETTING}) AND (created_at > now()))",
    f"((tenant_id = {SETTING}) AND ((tenant_id IS NULL) OR is_public))",
    f"(tenant_id = ANY (ARRAY[{SETTING}]))",
    f"CASE WHEN ({SETTING} IS NULL) THEN false ELSE (tenant_id = {SETTING}) END",
    f"((tenant_id = {SETTING}) IS TRUE)",
    "false",
    "NULL::boolean",
)
# Rows of other tenants pass whatever the setting says.
OPEN = (
    "true",
    "(1 = 1)",
    "(tenant_id IS NOT NULL)",
    "(tenant_id = tenant_id)",
    "(id = id)",
    "(EXISTS ( SELECT 1))",
    f"((tenant_id = {SETTING}) OR true)",
    f"((tenant_id = {SETTING}) OR is_public)",
    "(created_at >= (now() - '2 years'::interval))",
    "((metadata ->> 'public'::text) = 'yes'::text)",
    f"(tenant_id <> {SETTING})",
    f"(tenant_id >= {SETTING})",
    f"(tenant_id ~~ {SETTING})",
    f"(tenant_id ~~ ({SETTING} || '%'::text))",
    f"(tenant_id ~ ('^'::text || {SETTING}))",
    f"(tenant_id = ANY (ARRAY[{SETTING}, 'shared'::text]))",
    f"(tenant_id = COALESCE(other_tenant, {SETTING}))",
    f"(({SETTING} = 'admin'::text) OR (tenant_id = {SETTING}))",
)
# It cannot be decided whether these let through another tenant.
UNPROVEN = (
    f"(lower(tenant_id) = lower({SETTING}))",
    f"((tenant_id)::character varying(3) = {SETTING})",
    f"(tenant_id = ANY (string_to_array({SETTING}, ','::text)))",
    "(EXISTS ( SELECT 1 FROM members m WHERE (m.tenant_id = t.tenant_id)))",
    "(tenant_id = CURRENT_USER)",
    "(tenant_id = current_setting('app.other'::text, true))",
    f'(tenant_id = ({SETTING} COLLATE "any case"))',
    f"(tenant_id OPERATOR(app.=) {SETTING})",
    "pg_has_role(CURRENT_USER, 'support'::name, 'member'::text)",
    "visible(t.*)",
    "no expression at all (",
)


@pytest.mark.parametrize("expression", SAFE)
def test_a_filter_lets_no_row_of_another_tenant_through_in_any_state_of_the_setting(expression):
    assert filters.filters_by(expression, "tenant_id", "app.tenant")


@pytest.mark.parametrize("expression", OPEN)
def test_what_lets_other_tenants_rows_through_is_possible(expression):
    assert filters.admits(expression, BINDING, "set") == three_valued.POSSIBLE
    assert not filters.filters_by(expression, "tenant_id", "app.tenant")


@pytest.mark.parametrize("expression", UNPROVEN)
def test_what_cannot_be_decided_is_neither_a_filter_nor_open(expression):
    assert filters.admits(expression, BINDING, "set") == three_valued.PERHAPS
    assert not filters.filters_by(expression, "tenant_id", "app.tenant")


@pytest.mark.parametrize(
    ("expression", "unset", "empty"),
    [
        (f"(tenant_id = COALESCE({SETTING}, tenant_id))", True, False),
        (f"(tenant_id = COALESCE(NULLIF({SETTING}, ''::text), tenant_id))", True, True),
        (f"(({SETTING} IS NULL) OR (tenant_id = {SETTING}))", True, False),
        (f"(({SETTING} = ''::text) OR (tenant_id = {SETTING}))", False, True),
        (f"((COALESCE({SETTING}, ''::text) = ''::text) OR (tenant_id = {SETTING}))", True, True),
        (f"CASE WHEN ({SETTING} IS NULL) THEN true ELSE (tenant_id = {SETTING}) END", True, False),
        (f"((tenant_id = {SETTING}) IS NOT FALSE)", True, False),
        (f"((tenant_id = {SETTING}) IS UNKNOWN)", True, False),
        ("(tenant_id = COALESCE(current_setting('app.tenant'::text), tenant_id))", False, False),
    ],
)
def test_what_opens_while_the_setting_is_not_set_is_reported_by_its_state(expression, unset, empty):
    assert filters.admits(expression, BINDING, "set") == 0
    assert [unset, empty] == [
        filters.admits(expression, BINDING, state) == three_valued.POSSIBLE for state in ("unset", "empty")
    ]


@pytest.mark.parametrize(
    "expression",
    [
        f"(NOT (tenant_id IS DISTINCT FROM {SETTING}))",
        f"((tenant_id = {SETTING}) OR (tenant_id IS NULL))",
        f"(COALESCE(tenant_id, {SETTING}, ''::text) = COALESCE({SETTING}, ''::text))",
    ],
)
def test_what_lets_rows_without_a_tenant_through_is_reported(expression):
    assert (
        max(filters.admits(expression, BINDING, state, three_valued.NULL) for state in filters.STATES)
        == three_valued.POSSIBLE
    )
    assert filters.admits(expression, BINDING, "set") == 0


@pytest.mark.parametrize(
    ("expression", "types"),
    [
        (f"(tenant_id = ({SETTING})::uuid)", ("uuid",)),
        (f"(tenant_id = ({SETTING})::bigint)", ("int8",)),
        (f"(tenant_id = ( SELECT ({SETTING})::integer AS current_setting))", ("int4",)),
        (f"(tenant_id = (NULLIF({SETTING}, ''::text))::uuid)", ()),
        (f"CASE WHEN ({SETTING} = ''::text) THEN false ELSE (tenant_id = ({SETTING})::uuid) END", ()),
        # Nothing says that the left side is judged first.
        (f"(({SETTING} <> ''::text) AND (tenant_id = ({SETTING})::uuid))", ("uuid",)),
        (f"((tenant_id)::text = {SETTING})", ()),
        (f"(tenant_id = (({SETTING})::json ->> 'tenant'::text))", ("json",)),
    ],
)
def test_casts_of_a_reset_setting_are_reported_unless_it_never_comes_to_them(expression, types):
    assert types == filters.casts(expression, BINDING)


def test_a_cast_to_the_columns_own_type_changes_no_tenant():
    expression = f"((tenant_id)::text = (({SETTING})::character varying(50))::text)"
    own = TenantBinding("tenant_id", "app.tenant", (filters.column_type("character varying(50)"),))

    assert filters.admits(expression, own, "set") == 0
    assert filters.admits(expression, BINDING, "set") == three_valued.PERHAPS


def test_a_domain_or_an_enumeration_is_the_columns_own_type():
    expression = f"((tenant_id)::uuid = ((NULLIF({SETTING}, ''::text))::app.tenant)::uuid)"
    own = TenantBinding("tenant_id", "app.tenant", (filters.column_type("app.tenant"),), strict=True)

    assert filters.casts(f"((tenant_id)::uuid = (({SETTING})::app.tenant)::uuid)", own) == ("tenant",)
    assert filters.admits(expression, own, "set") == 0
    assert filters.admits(expression, BINDING, "set") == three_valued.PERHAPS
    assert filters.filters_by(expression, "tenant_id", "app.tenant", types=own.types)
    assert not filters.filters_by(expression, "tenant_id", "app.tenant")


def test_who_the_user_is_decides_where_it_is_known():
    expression = f"((tenant_id = {SETTING}) OR (CURRENT_USER = 'clerk'::name))"

    assert filters.admits(expression, BINDING, "set", user="app") == 0
    assert filters.admits(expression, BINDING, "set", user="clerk") == three_valued.POSSIBLE


def test_the_users_name_is_a_tenants_where_no_setting_names_it():
    expression = "(tenant_id = CURRENT_USER)"

    assert filters.admits(expression, BINDING, "set", user="acme") == three_valued.PERHAPS
    assert filters.admits(expression, TenantBinding("tenant_id", ""), "set", user="acme") == 0


@pytest.mark.parametrize(
    "expression", ["(CURRENT_USER ~~ 'admin%'::text)", "(upper((CURRENT_USER)::text) = 'CLERK'::text)"]
)
def test_what_is_made_of_the_users_name_is_not_reported(expression):
    assert filters.admits(expression, BINDING, "set", user="clerk") == three_valued.PERHAPS


def test_a_number_that_is_not_zero_is_true():
    assert filters.admits("(2)::boolean", BINDING, "set") == three_valued.POSSIBLE
    assert filters.admits("(0)::boolean", BINDING, "set") == 0


def made(head, body):
    found = function_bodies.function_body(f"create function {head} {body}")
    assert found is not None
    return found


WRAPPERS = (
    made("app.tenant() returns text", "stable language sql as $$ select current_setting('app.tenant', true) $$"),
    made("app.standard() returns text", "stable language sql return current_setting('app.tenant', true)"),
    made("app.atomic() returns text", "language sql begin atomic select current_setting('app.tenant', true); end"),
    made("app.procedural() returns text", "language plpgsql as $$ begin return current_setting('app.tenant'); end $$"),
    made("app.mine(t text) returns bool", "language sql as $$ select t = current_setting('app.tenant', true) $$"),
    made("app.numbered(text) returns bool", "language sql as $$ select $1 = current_setting('app.tenant', true) $$"),
    made("app.any(t text) returns bool", "language sql as $$ select t is not null $$"),
    made("app.strict(t text) returns bool", "strict language sql as $$ select t is null $$"),
    made("app.deeper() returns text", "language sql as $$ select app.tenant() $$"),
    made("app.reading() returns text", "language sql as $$ select tenant from app.sessions $$"),
    made("app.fixed() returns text", "language sql set app.tenant = 'x' return current_setting('app.tenant')"),
    made(
        "app.pathed() returns text",
        "language sql set search_path = '' set statement_timeout = '1s' return current_setting('app.tenant', true)",
    ),
    made(
        "app.hidden() returns text",
        "language sql set app.tenant = 'x' set search_path = '' return current_setting('app.tenant', true)",
    ),
    made("app.typed() returns uuid", "language sql return current_setting('app.tenant', true)::uuid"),
    made("app.owner() returns bool", "security definer language sql as $$ select current_user = 'owner' $$"),
    made("app.guest() returns bool", "language sql as $$ select current_user = 'owner' $$"),
    made("app.bare() returns text", "language sql as $$ select deepest() $$"),
    made(
        "app.caught() returns uuid",
        "language plpgsql as $$ begin return current_setting('app.tenant', true)::uuid;"
        " exception when others then return null; end $$",
    ),
)


def catching(handlers):
    body = f"begin return t = current_setting('app.tenant', true)::uuid; exception {handlers} end"
    return (made("app.ok(t uuid) returns boolean", f"language plpgsql as $$ {body} $$"),)


@pytest.mark.parametrize(
    ("handlers", "empty", "types"),
    [
        ("when others then return true;", three_valued.POSSIBLE, ()),
        (
            "when data_exception then return null; when others then raise notice 'no'; return t = t;",
            three_valued.POSSIBLE,
            (),
        ),
        ("when others then perform app.told(); return t is not null;", three_valued.POSSIBLE, ()),
        ("when others then return app.visible(t);", three_valued.PERHAPS, ()),
        ("when others then if t is null then return false; end if; return true;", three_valued.PERHAPS, ()),
        ("when others then raise warning 'no'; return false;", 0, ()),
        ("when others then return null;", 0, ()),
        ("when others then raise;", 0, ("uuid",)),
        ("when others then null;", 0, ("uuid",)),
    ],
)
def test_what_a_handler_returns_comes_out_where_the_reset_setting_is_an_error(handlers, empty, types):
    binding = TenantBinding("tenant_id", "app.tenant", functions=catching(handlers))

    assert empty == filters.admits("app.ok(tenant_id)", binding, "empty")
    assert min(empty, three_valued.PERHAPS) == filters.admits("app.ok(tenant_id)", binding, "set")
    assert (empty == 0) == filters.filters_by("app.ok(tenant_id)", "tenant_id", "app.tenant", binding.functions)
    assert types == filters.casts("app.ok(tenant_id)", binding)


@pytest.mark.parametrize(
    ("expression", "certainty"),
    [
        ("(tenant_id = app.tenant())", 0),
        ("(tenant_id = tenant())", 0),
        ("(tenant_id = ( SELECT app.standard() AS standard))", 0),
        ("(tenant_id = app.atomic())", 0),
        ("(tenant_id = app.procedural())", 0),
        ("app.mine(tenant_id)", 0),
        ("app.numbered(tenant_id)", 0),
        ("app.any(tenant_id)", three_valued.POSSIBLE),
        ("app.any(id)", three_valued.POSSIBLE),
        ("app.strict(tenant_id)", 0),
        ("(tenant_id = app.deeper())", three_valued.PERHAPS),
        ("(tenant_id = app.bare())", three_valued.PERHAPS),
        ("(tenant_id = app.reading())", three_valued.PERHAPS),
        ("(tenant_id = app.fixed())", three_valued.PERHAPS),
        ("(tenant_id = app.pathed())", 0),
        ("(tenant_id = app.hidden())", three_valued.PERHAPS),
        ("(tenant_id = elsewhere.tenant())", three_valued.PERHAPS),
    ],
)
def test_functions_are_analysed_one_level_deep(expression, certainty):
    binding = TenantBinding("tenant_id", "app.tenant", functions=WRAPPERS)

    assert certainty == filters.admits(expression, binding, "set")
    assert (certainty == 0) == filters.filters_by(expression, "tenant_id", "app.tenant", WRAPPERS)


def test_inside_of_a_definers_function_the_user_is_its_owner():
    binding = TenantBinding("tenant_id", "app.tenant", functions=WRAPPERS)

    assert filters.admits("app.owner()", binding, "set", user="clerk") == three_valued.PERHAPS
    assert filters.admits("app.guest()", binding, "set", user="clerk") == 0
    assert filters.admits("app.guest()", binding, "set", user="owner") == three_valued.POSSIBLE


def test_casts_inside_a_function_are_reported_unless_it_catches_their_error():
    binding = TenantBinding("tenant_id", "app.tenant", functions=WRAPPERS)

    assert filters.casts("(tenant_id = app.typed())", binding) == ("uuid",)
    assert filters.casts("(tenant_id = app.caught())", binding) == ()


def test_settings_are_found_in_expressions_and_in_the_functions_that_they_call():
    binding = TenantBinding("tenant_id", "app.tenant", functions=WRAPPERS)
    expression = "((tenant_id = app.tenant()) OR (current_setting('App.Bypass'::text, true) = 'on'::text))"

    assert {"app.tenant", "app.bypass"} == filters.settings_read(expression, binding)


def test_settings_that_a_procedure_sets_are_found_wherever_it_does():
    body = made(
        "app.enter(tenant_id text) returns void",
        "language plpgsql as $$ declare old text; begin old := current_setting('app.before', true);"
        " if tenant_id is null then raise 'none'; end if; perform set_config('app.tenant', tenant_id, true);"
        " set local app.second = 'x'; end $$",
    )

    assert {"app.before"} == body.reads
    assert {"app.tenant", "app.second"} == body.sets
    assert "tenant_id" in body.names
    assert body.returns is None


def test_every_setting_that_a_function_has_of_its_own_is_found():
    body = made("f() returns text", "language sql set app.tenant = 'x' set search_path = app return 'x'")

    assert {"app.tenant", "search_path"} == body.sets


@pytest.mark.parametrize(
    "text", ["", "select 1", "create function f( returns", "create function f() language plpgsql as ''"]
)
def test_what_is_no_function_that_can_be_read_tells_nothing(text):
    found = function_bodies.function_body(text)

    assert found is None or found.returns is None


ATOMS = st.sampled_from(
    ["true", "false", "NULL::boolean", "is_public", f"(tenant_id = {SETTING})", "(tenant_id IS NULL)"]
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("(NOT {})".format, inner),
    ),
    max_leaves=6,
)


@given(CONDITIONS, st.sampled_from(sorted(filters.STATES)))
def test_narrowing_never_opens_and_widening_never_closes(condition, state):
    alone = filters.admits(condition, BINDING, state)

    assert filters.admits(f"({condition} AND is_public)", BINDING, state) <= alone
    assert filters.admits(f"({condition} OR is_public)", BINDING, state) >= alone
    assert filters.admits(f"({condition} OR true)", BINDING, state) == three_valued.POSSIBLE
    assert filters.admits(f"({condition} AND (tenant_id = {SETTING}))", BINDING, state) == 0


# A name has at most 63 bytes.
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=15))
def test_hostile_names_are_the_column_that_they_name(name):
    quoted = '"{}"'.format(name.replace('"', '""'))

    assert filters.filters_by(f"({quoted} = {SETTING})", name, "app.tenant")
    assert not filters.filters_by(f"({quoted} = {SETTING})", f"{name}?", "app.tenant")
