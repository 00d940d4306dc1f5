"""The server agrees with the analysis: any condition, tried on rows of many tenants."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from steward.isolation.analysis import filters, three_valued
from steward.isolation.analysis.evaluate import TenantBinding

SETTING = "current_setting('app.tenant', true)"
BINDING = TenantBinding("tenant_id", "app.tenant")
OWN = "acme"
# Prefixes, case variants and patterns of each other, and what conditions may name.
OTHERS = ("globex", "acm", "acme_", "ACME", "a%", "%", "shared", "x")
ROWS = """create table public.tried (tenant_id text, is_public boolean, note text);
    insert into public.tried select t, p, n from unnest({tenants}::text[]) as t,
        unnest('{{true,false,null}}'::boolean[]) as p, unnest('{{acme,globex,null}}'::text[]) as n"""
STATES = {"set": f"set app.tenant = '{OWN}'", "empty": "set app.tenant = ''", "unset": None}

TEXTS = st.recursive(
    st.sampled_from(["tenant_id", SETTING, f"({SETTING})", "note", "''", "'shared'", "null::text"]),
    lambda inner: st.one_of(
        st.builds("coalesce({}, {})".format, inner, inner),
        st.builds("nullif({}, {})".format, inner, inner),
        st.builds("({})::varchar(3)::text".format, inner),
        st.builds("lower({})".format, inner),
        st.builds("({} || '%')".format, inner),
        st.builds("(select {})".format, inner),
        st.builds("(case when is_public then {} else {} end)".format, inner, inner),
        st.builds("(case {} when {} then {} end)".format, inner, inner, inner),
    ),
    max_leaves=3,
)
TESTS = st.one_of(
    st.sampled_from(["true", "false", "null::boolean", "is_public"]),
    st.builds(
        "({} {} {})".format,
        TEXTS,
        st.sampled_from(
            ["=", "<>", "<", ">=", "like", "not like", "~~*", "is distinct from", "is not distinct from", "^@"]
        ),
        TEXTS,
    ),
    st.builds("({} = any (array[{}, {}]))".format, TEXTS, TEXTS, TEXTS),
    st.builds("({} <> all (array[{}, {}]))".format, TEXTS, TEXTS, TEXTS),
    st.builds("({} in ({}, {}))".format, TEXTS, TEXTS, TEXTS),
    st.builds("({} is {}null)".format, TEXTS, st.sampled_from(["", "not "])),
    st.builds(
        "({}({}) {} {})".format,
        st.sampled_from(["length", "octet_length", "pg_catalog.char_length"]),
        TEXTS,
        st.sampled_from(["=", "<>", "<", ">", "<=", ">="]),
        st.sampled_from(["0", "1", "-1", "4"]),
    ),
    st.builds(
        "({} {} {})".format,
        TEXTS,
        st.sampled_from(["~", "!~", "~*", "!~*", "like", "not like"]),
        st.sampled_from(["'^a'", "'^[a-z]*$'", "'^[[:alpha:]]*$'", "'^[a-z]{1,3}$'", "'%%'", "'a%'", "'.'", "''"]),
    ),
    st.builds("exists (select 1 where {} is null)".format, TEXTS),
)
CONDITIONS = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
        st.builds("({} is {})".format, inner, st.sampled_from(["true", "not true", "false", "not false", "unknown"])),
        st.builds("(case when {} then {} else {} end)".format, inner, inner, inner),
        st.builds("coalesce({}, {})".format, inner, inner),
    ),
    max_leaves=4,
)


@pytest.fixture
def sessions(blank):
    """A session in each state of the setting, and rows of many tenants."""
    tenants = sql.Literal([OWN, *OTHERS, "", None])
    blank.execute(sql.SQL(ROWS).format(tenants=tenants))
    opened = {state: blank.connect() for state in STATES}
    for state, statement in STATES.items():
        if statement:
            opened[state].execute(statement)
    yield opened
    for conn in opened.values():
        conn.close()


def passing(conn, condition):
    """The tenants of which some row passes; a condition that fails lets none through."""
    query = sql.SQL("select distinct tenant_id from public.tried where {}").format(sql.SQL(condition))
    try:
        return {row["tenant_id"] for row in conn.execute(query).fetchall()}
    except psycopg.errors.DataError:
        return set()


@given(condition=CONDITIONS)
@settings(
    max_examples=400,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_row_passes_on_the_server_that_the_tree_keeps_out(sessions, condition):
    for state, conn in sessions.items():
        passed = passing(conn, condition)
        others = bool(passed & set(OTHERS))

        assert not others or filters.admits(condition, BINDING, state)
        assert "" not in passed or filters.admits(condition, BINDING, state, three_valued.EMPTY)
        assert None not in passed or filters.admits(condition, BINDING, state, three_valued.NULL)
        assert not others or not filters.filters_by(condition, "tenant_id", "app.tenant")
