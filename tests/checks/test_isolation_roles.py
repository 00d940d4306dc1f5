"""Roles that policies do not hold for, or that can become such a role: planted, mended, and healthy."""

from __future__ import annotations

import contextlib
import inspect
import random

import pytest
from psycopg import sql

from checks import test_isolation_roles as runbook
from steward import Inconclusive, NotNeeded
from steward.isolation.catalog import snapshot

ITEMS = [
    name.removeprefix("test_")
    for name, _ in inspect.getmembers(runbook, inspect.isfunction)
    if name.startswith("test_")
]
POWER = "create role market_power nologin bypassrls"
TRIGGER = (
    "create function market.on_ddl() returns event_trigger language plpgsql as $f$ begin end $f$",
    "create event trigger market_watch on sql_drop execute function market.on_ddl()",
)
OWNED = "alter function market.on_ddl() owner to market_app"
UNFORCED = "alter table market.orders no force row level security"
ALLOWED = """select m.rolname as member, r.rolname as role, pg_has_role(m.oid, r.oid, 'usage') as rights,
        pg_has_role(m.oid, r.oid, %(acts)s) as acts
    from pg_roles as m, pg_roles as r where starts_with(m.rolname, 'market_x') and starts_with(r.rolname, 'market_x')"""

# What each item fails on, and the twin that it passes on.
PLANTED = {
    "bypass": ((POWER, "grant market_power to market_app"), (POWER,)),
    "owners": (("grant market_owner to market_app",), ("create role market_none", "grant market_none to market_app")),
    "force": ((UNFORCED, "grant market_owner to market_app"), (UNFORCED,)),
    "unforced": (
        (UNFORCED, "create role market_migrator login", "grant market_owner to market_migrator"),
        ("create role market_migrator login", "grant market_owner to market_migrator"),
    ),
    "event_triggers": ((*TRIGGER, OWNED), TRIGGER),
    "disabled_triggers": ((*TRIGGER, "alter event trigger market_watch disable"), TRIGGER),
}


def judged(market, item, **profile):
    """Run one item and return what it found by object."""
    with market.check(**profile) as check:
        with contextlib.suppress(AssertionError):
            getattr(runbook, f"test_{item}")(check)
        return {finding.object_name: finding for finding in check.offenders}


@pytest.mark.parametrize("shipped", ["database", "demo_database"])
def test_the_shipped_schema_is_green(shipped, request, settings, checking):
    database = request.getfixturevalue(shipped)
    for item in ITEMS:
        getattr(runbook, f"test_{item}")(checking(database, settings))


@pytest.mark.parametrize("kind", ["uuid", "text", "integer"])
def test_a_healthy_schema_is_green_whatever_the_tenants_type(market_of, kind):
    market = market_of(kind)

    assert {} == {item: found for item in ITEMS if (found := judged(market, item))}


@pytest.mark.parametrize("item", PLANTED)
def test_an_item_fails_on_its_defect_until_it_is_mended(market, item):
    market.run(*PLANTED[item][0])
    with market.check() as check:
        with pytest.raises(AssertionError):
            getattr(runbook, f"test_{item}")(check)
        found = check.offenders

    assert found
    for finding in found:
        market.database.execute(finding.remediation)
    assert {} == judged(market, item)


@pytest.mark.parametrize("item", PLANTED)
def test_an_item_passes_on_the_healthy_twin(market, item):
    market.run(*PLANTED[item][1])

    assert {} == judged(market, item)


# --- roles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("attribute", ["superuser", "bypassrls", "replication"])
def test_an_attribute_of_the_application_is_found_and_taken_away(market, attribute):
    market.run(f"alter role market_app {attribute}")
    [found] = judged(market, "bypass").values()
    market.database.execute(found.remediation)

    assert "market_app" == found.object_name
    assert {} == judged(market, "bypass")


def test_the_chain_names_every_role_on_the_way(market):
    market.run(
        POWER,
        "create role market_middle nologin noinherit",
        "grant market_power to market_middle",
        "grant market_middle to market_app",
    )
    [found] = judged(market, "bypass").values()

    assert found.detail.endswith("market_app → market_middle → market_power")
    assert found.observed == "can become market_power, which has BYPASSRLS"
    assert found.remediation == "revoke market_power from market_middle"


def test_what_a_role_on_the_way_explains_is_reported_once(market):
    market.run("grant market_system to market_app", "create role market_web login", "grant market_app to market_web")

    assert ["market_app"] == list(judged(market, "bypass"))
    assert {} == judged(market, "owners")


def test_a_login_of_the_application_is_judged_as_it_is(market):
    market.run(POWER, "create role market_web login", "grant market_app, market_power to market_web")
    [found] = judged(market, "bypass").values()

    assert "market_web" == found.object_name
    assert found.detail.startswith("the application may connect as it")


def test_a_login_that_has_nothing_to_do_with_the_application_is_not(market):
    market.run(POWER, "create role market_dba login", "grant market_power to market_dba")

    assert {} == judged(market, "bypass")


@pytest.mark.parametrize("files", ["pg_read_server_files", "pg_write_server_files", "pg_execute_server_program"])
def test_a_reader_of_the_servers_files_is_found(market, files):
    market.run(f"grant {files} to market_app")

    assert ["market_app"] == list(judged(market, "bypass"))


def test_a_role_with_a_hostile_name_is_reported_as_it_must_be_written(market):
    name = 'market_"odd" % {x} é'
    with market.database.connect() as conn:
        conn.execute(sql.SQL("create role {} login bypassrls").format(sql.Identifier(name)))
    with pytest.raises(Inconclusive):
        judged(market, "bypass", isolation={"roles": ("market_gone",)})
    [found] = judged(market, "bypass", isolation={"roles": (name,)}).values()
    market.database.execute(found.remediation)

    assert '"market_""odd"" % {x} é"' == found.object_name
    assert {} == judged(market, "bypass", isolation={"roles": (name,)})


def test_who_may_create_roles_can_become_every_one_before_16(market, cluster):
    market.run("alter role market_app createrole")
    found = judged(market, "bypass")

    if cluster.version >= 16:
        assert {} == found
    else:
        assert "alter role market_app nocreaterole" == found["market_app"].remediation
        assert "by granting it to itself" in found["market_app"].detail


def test_a_membership_gives_what_its_options_say(market, cluster):
    if cluster.version < 16:
        pytest.skip("memberships have options since 16")
    market.run(POWER, "grant market_power to market_app with inherit true, set false")

    assert {} == judged(market, "bypass")

    market.run("grant market_power to market_app with admin true")

    assert "by granting it to itself" in judged(market, "bypass")["market_app"].detail

    market.run(
        "revoke market_power from market_app", "grant market_owner to market_app with inherit true, set false", UNFORCED
    )

    assert "its rights, not SET ROLE" in judged(market, "owners")["market_app"].detail
    assert ["market.orders"] == list(judged(market, "force"))


def test_what_is_reached_is_what_the_server_allows(market, cluster):
    chance = random.Random(8)  # noqa: S311 - the same memberships every time
    roles = [f"market_x{number}" for number in range(8)]
    for number, role in enumerate(roles):
        market.run(f"create role {role} {chance.choice(('inherit', 'noinherit'))}")
        for other in chance.sample(roles[:number], min(number, chance.randrange(4))):
            options = ", ".join(f"{option} {chance.choice(('true', 'false'))}" for option in ("inherit", "set"))
            market.run(f"grant {other} to {role}" + (f" with {options}" if cluster.version >= 16 else ""))
    rows = market.database.execute(ALLOWED, {"acts": "set" if cluster.version >= 16 else "member"})
    with market.check() as check:
        graph = snapshot.roles(check).graph
    found = {
        (graph.roles[step.path[0]].name, graph.roles[step.role].name): step
        for role in roles
        for step in graph.steps(graph.by_name[role].oid)
    }
    rights = {(role, graph.roles[oid].name) for role in roles for oid in graph.rights(graph.by_name[role].oid)}

    assert {(row["member"], row["role"]) for row in rows if row["acts"]} == {
        pair for pair, step in found.items() if step.acts
    }
    assert {(row["member"], row["role"]) for row in rows if row["rights"]} == {
        pair for pair in rights if pair[1].startswith("market_x")
    }


# --- owners and force ----------------------------------------------------------------------------


def test_an_application_that_owns_its_tables_is_found_and_mended(market):
    market.run("alter table market.orders owner to market_app", "alter table market.orders no force row level security")
    [found] = judged(market, "owners").values()
    market.database.execute(found.remediation)

    assert "owns 1 tables of tenants" == found.observed
    assert {} == judged(market, "owners")
    assert {} == judged(market, "force")


@pytest.mark.parametrize(
    ("owned", "observed"),
    [
        ("materialized view market.totals", "owns 1 materialized views of tenants' rows"),
        ("function market.stamp()", "owns 1 functions that tenants' tables call"),
        ("schema market", "owns 1 schemas of these"),
    ],
)
def test_what_else_isolation_stands_on_is_mended_by_another_owner(market, owned, observed):
    market.run(
        "create function market.stamp() returns text language sql as $f$ select ''::text $f$",
        "alter table market.orders add stamped text default market.stamp()",
        f"alter {owned} owner to market_app",
    )
    [found] = judged(market, "owners").values()
    market.database.execute(found.remediation)
    [totals] = market.database.execute("select relowner::regrole::text as owner from pg_class where relname = 'totals'")

    assert observed == found.observed
    assert "market_system" == totals["owner"]
    assert {} == judged(market, "owners")


def test_the_owner_of_the_database_owns_the_schema_that_belongs_to_it(market, cluster):
    if cluster.version < 14:
        pytest.skip("pg_database_owner came with 14")
    market.run("alter schema market owner to pg_database_owner")

    assert {} == judged(market, "owners")

    market.run(f'alter database "{market.database.name}" owner to market_app')

    assert ["market_app"] == list(judged(market, "owners"))


def test_the_rights_of_the_owner_are_enough_without_set_role(market):
    market.run(UNFORCED, "alter role market_app inherit", "grant market_owner to market_app")
    found = judged(market, "force")

    assert ["market.orders"] == list(found)
    assert "market_app → market_owner" in found["market.orders"].detail


# --- server, and what cannot be judged -----------------------------------------------------------


def test_a_server_below_the_floor_is_found(market):
    major = str(market.database.cluster.version)
    found = judged(market, "floor", isolation={"minimum_minor": {major: 1000}})

    assert [market.database.name] == list(found)
    assert {} == judged(market, "floor", isolation={"minimum_minor": {major: 0}})


@pytest.mark.parametrize("item", ITEMS)
def test_nothing_to_judge_is_never_green(market, item):
    with market.check(tenancy={"column": "", "setting": ""}) as check, pytest.raises(NotNeeded):
        getattr(runbook, f"test_{item}")(check)
    with market.check(tenancy={"column": "nobody_has_it"}) as check, pytest.raises(Inconclusive):
        getattr(runbook, f"test_{item}")(check)
    with market.check(isolation={"roles": ("market_gone",)}) as check, pytest.raises(Inconclusive, match="market_gone"):
        getattr(runbook, f"test_{item}")(check)


def test_the_number_of_queries_does_not_grow_with_roles(market):
    with market.check() as check:
        runbook.test_bypass(check)
        before = len(check.statements)
    market.run(*(f"create role market_many_{number} login in role market_app" for number in range(50)))
    with market.check() as check:
        runbook.test_bypass(check)

    assert before == len(check.statements)
