"""The probe: red on every defect that lets a tenant at another's rows, green on healthy twins, and without a trace."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import sql

from checks import test_isolation_probe as runbook
from steward import Inconclusive, NotNeeded
from steward.engine.executor import RunSettings
from steward.isolation.probe import findings, probe
from steward.isolation.probe.matrix import COMMANDS
from steward.profile import Exemption
from tests.fixtures.defects import DEFECTS
from tests.fixtures.market import KINDS

SEEN = [defect for defect in DEFECTS if defect.seen]


def excused(profile, name, check="isolation_unproved"):
    """The profile with one object excused from the probe."""
    until = datetime.now(UTC).date() + timedelta(days=9)
    excuse = Exemption(check=check, object=name, reason="it is known", owner="dba", expires=until)
    return profile.model_copy(update={"exemptions": (excuse,)})


def described(cells):
    """Cells as a failed test should show them."""
    return sorted({(cell.relation, cell.role, cell.command, cell.state, cell.plan, cell.reason) for cell in cells})


def planted(market, texts):
    market.run(*texts)
    return market.target, market.settings.profile


def counted(database):
    """The rows of every table by tenant, and whatever is in them."""
    with database.connect() as conn:
        tables = conn.execute(
            "select attrelid::regclass::text as name from pg_attribute join pg_class on pg_class.oid = attrelid"
            " where attname = 'tenant_id' and relkind = 'r' order by 1"
        ).fetchall()
        return {
            row["name"]: conn.execute(
                sql.SQL(
                    "select tenant_id::text, count(*), md5(string_agg(t::text, ',' order by t::text)) from {} as t"
                    " group by 1 order by 1"
                ).format(sql.SQL(row["name"]))
            ).fetchall()
            for row in tables
        }


def test_the_shipped_schema_is_all_isolated_and_every_command_was_tried(database, cluster, settings):
    before = counted(database)
    matrix = probe.run(database.target(), settings.profile, writes=True)
    tried = {cell.command for cell in matrix.cells}

    assert [] == described(matrix.leaks)
    assert [] == described(matrix.inconclusive)
    assert {"select", "copy", "insert", "update", "update all", "delete", "delete all", "upsert"} < tried
    assert ("merge" in {cell.command for cell in matrix.cells if cell.state != "all"}) == (cluster.version >= 15)
    assert {"validahub_app", "validahub_analytics"} == {cell.role for cell in matrix.cells}
    assert {"fresh", "A", "B", "empty", "malformed", "unknown"} < {cell.state for cell in matrix.cells}
    assert {"custom", "generic"} < {cell.plan for cell in matrix.cells}
    assert before == counted(database)
    assert matrix.seconds < 60


def test_the_demo_is_all_isolated_for_its_largest_tenants(demo_database, settings):
    matrix = probe.run(demo_database.target(), settings.profile, writes=False)

    assert [] == described(matrix.leaks)
    assert [] == described(matrix.inconclusive)
    assert {"A", "B", "C"} < {cell.state for cell in matrix.cells}


@pytest.mark.parametrize("kind", KINDS)
def test_a_healthy_schema_is_all_isolated_whatever_the_type_of_its_tenants(market_of, kind):
    market = market_of(kind)
    for writes in (False, True):
        matrix = probe.run(market.target, market.settings.profile, writes=writes)

        assert [] == described(matrix.leaks)
        assert [] == described(matrix.inconclusive)


@pytest.mark.parametrize("defect", SEEN, ids=lambda defect: defect.name)
def test_a_defect_turns_the_probe_red(market, cluster, defect):
    if cluster.version < defect.since:
        pytest.skip(f"it came with {defect.since}")
    at, profile = planted(market, defect.planted)

    assert probe.run(at, profile, writes=True).leaks
    if defect.seen == "reads":
        assert probe.run(at, profile, writes=False).leaks


@pytest.mark.parametrize("defect", SEEN, ids=lambda defect: defect.name)
def test_its_healthy_twin_leaves_the_probe_green(market, cluster, defect):
    if cluster.version < defect.since:
        pytest.skip(f"it came with {defect.since}")
    at, profile = planted(market, defect.healthy)

    assert [] == described(probe.run(at, profile, writes=True).leaks)
    assert [] == described(probe.run(at, profile, writes=False).leaks)


@pytest.mark.parametrize(
    "using",
    [
        "tenant_id like current_setting('market.tenant', true) || '%%'",
        "lower(tenant_id) = lower(current_setting('market.tenant', true))",
        "tenant_id like replace(current_setting('market.tenant', true), '%%', '')",
    ],
)
def test_names_that_lie_close_to_each_other_show_a_careless_comparison(market_of, using):
    market = market_of("text")
    market.run(
        "drop policy tenant on market.orders",
        f"create policy tenant on market.orders using ({using})".replace("%%", "%"),
    )
    matrix = probe.run(market.target, market.settings.profile, writes=True)

    assert {"market.orders"} <= {cell.relation for cell in matrix.leaks}


def test_names_that_the_column_refuses_are_named(database, settings):
    matrix = probe.run(database.target(), settings.profile, writes=True)

    assert any(note.startswith("tenant 'case' is refused by public.") for note in matrix.notes)
    assert any(note.startswith("tenant 'pattern %' is refused by public.") for note in matrix.notes)


def test_a_name_that_some_tables_refuse_is_tried_where_it_is_let_in(database, settings):
    tenant = "tenant_id = current_setting('app.current_tenant_id', true)"
    with database.connect() as conn:
        conn.execute("set role validahub_owner")
        conn.execute("create table public.free (tenant_id varchar(50) not null, n int not null)")
        conn.execute("alter table public.free enable row level security")
        conn.execute("alter table public.free force row level security")
        conn.execute(sql.SQL("create policy tenant on public.free using ({})").format(sql.SQL(tenant)))
        conn.execute("grant select, insert on public.free to validahub_app")
    matrix = probe.run(database.target(), settings.profile, writes=True)

    assert [] == described(matrix.leaks)
    assert [] == described(matrix.inconclusive)
    assert {"public.free"} == {cell.relation for cell in matrix.cells if cell.state == "case"}


def test_no_name_of_a_tenant_is_in_the_matrix(demo_database, settings):
    tenants = demo_database.execute("select distinct tenant_id from public.rule_sets")
    text = probe.run(demo_database.target(), settings.profile, writes=False).render()

    assert tenants
    assert not [row for row in tenants if row["tenant_id"] in text]


def test_a_table_that_a_users_trigger_watches_is_not_written_until_the_profile_says_so(market):
    market.run(
        "create function market.remember() returns trigger language plpgsql as 'begin return new; end'",
        "create trigger remembered before insert on market.orders for each row execute function market.remember()",
    )
    profile = market.settings.profile
    matrix = probe.run(market.target, profile, writes=True)
    (reason,) = {
        cell.reason for cell in matrix.inconclusive if cell.relation == "market.orders" and cell.command == "insert"
    }

    assert "market.remember" in reason

    matrix = probe.run(market.target, excused(profile, "market.remember", "isolation_probe"), writes=True)

    assert [] == described(matrix.inconclusive)


SHOWN = (
    "alter view market.shown owner to market_system",
    "grant select, insert, update, delete on market.shown to market_app",
)


@pytest.mark.parametrize(
    ("options", "condition", "leaks"),
    [
        ("security_barrier, check_option = local", "where tenant_id = {tenant}", set()),
        ("security_barrier", "where tenant_id = {tenant}", {"insert", "move", "update all"}),
        ("security_barrier", "", {"insert", "update", "update all", "move", "delete", "delete all"}),
    ],
)
def test_rows_are_written_through_a_view(market, options, condition, leaks):
    query = f"select * from market.events {condition}"  # noqa: S608 - one of ours
    market.run(f"create view market.shown with ({options}) as {query}", *SHOWN)
    matrix = probe.run(market.target, market.settings.profile, writes=True)
    found = {cell.command for cell in matrix.leaks if cell.relation == "market.shown"}
    isolated = {cell.command for cell in matrix.isolated if cell.relation == "market.shown"}

    assert leaks == found - {"select", "copy", "merge"}
    assert {"insert", "update", "update all", "move", "delete", "delete all"} - leaks <= isolated
    assert [] == described(matrix.inconclusive)


def test_writes_through_a_view_are_no_pass_where_they_are_not_tried(market):
    live = "create view market.shown as select * from market.events where tenant_id = {tenant}"
    market.run(live, *SHOWN)
    matrix = probe.run(market.target, market.settings.profile, writes=True, live=True)

    assert {("market.shown", command) for command in ("insert", "update", "delete")} == {
        (cell.relation, cell.command) for cell in matrix.inconclusive if cell.plan == "all"
    }

    several = "create view market.shown as select * from market.events where exists (select from market.orders)"
    market.run("drop view market.shown", several, *SHOWN)
    matrix = probe.run(market.target, market.settings.profile, writes=True)

    assert {"insert", "update", "delete"} <= {
        cell.command for cell in matrix.inconclusive if cell.relation == "market.shown"
    }


def test_hostile_names_are_only_names(market):
    odd = '"Odd ""x""; drop %(a)s {b} é"'
    name = odd.replace("{", "{{").replace("}", "}}")
    market.run(
        f"create table market.{name} (tenant_id {{type}} not null, {name} text not null)",
        f"alter table market.{name} owner to market_owner",
        f"grant select, insert, update on market.{name} to market_app",
        f"insert into market.{name} values ({{a}}, 'x'), ({{b}}, 'y')",  # noqa: S608 - one of ours
    )
    for writes in (False, True):
        matrix = probe.run(market.target, market.settings.profile, writes=writes)

        assert {f"market.{odd}"} == {cell.relation for cell in matrix.leaks}
        assert f"market.{odd}" in matrix.render()


def test_a_database_without_rows_is_not_proved_by_reading_it(database, settings):
    with pytest.raises(Inconclusive, match="fewer than two tenants"):
        probe.run(database.target(), settings.profile, writes=False)


def test_the_item_of_reads_is_red_on_a_leak_and_green_without(market):
    with market.check() as check:
        runbook.test_reads(check)

        assert [] == check.found

    market.run("alter table market.orders disable row level security")
    with market.check() as check:
        with pytest.raises(AssertionError):
            runbook.test_reads(check)

        assert {"market.orders"} == {finding.object_name for finding in check.offenders}
        assert check.offenders[0].remediation.startswith("revoke all on market.orders from market_")
        assert "LEAK" in check.evidence[-1]


def test_the_item_of_writes_is_red_on_a_leak_and_green_without(market):
    live = {"isolation": {"writes": "live"}}
    with market.check(**live) as check:
        runbook.test_writes(check)

        assert [] == check.found

    market.run(
        "drop policy tenant on market.orders",
        "create policy tenant on market.orders using (tenant_id = {tenant}) with check (true)",
    )
    with market.check(**live) as check, pytest.raises(AssertionError):
        runbook.test_writes(check)

    assert {"market.orders"} == {finding.object_name for finding in check.offenders}


def test_writes_go_to_a_copy_unless_the_profile_says_otherwise(database, settings, checking):
    before = counted(database)
    check = checking(database, settings)
    runbook.test_writes(check)

    assert [] == check.found
    assert "isolated, 0 leaks, 0 inconclusive" in check.evidence[-1]
    assert before == counted(database)


def test_a_profile_that_forbids_writes_judges_none(market):
    with market.check(isolation={"writes": "never"}) as check, pytest.raises(NotNeeded, match="never"):
        findings.writes(check)


def test_what_cannot_be_proved_is_no_pass_and_can_be_excused(market):
    market.run(
        "create view market.counted as select count(*) as n from market.orders",
        "grant select on market.counted to market_app",
    )
    live = {"isolation": {"writes": "live"}}
    with market.check(**live) as check, pytest.raises(Inconclusive, match=r"market\.counted"):
        runbook.test_writes(check)

    settings = RunSettings(excused(market.settings.profile, "market.counted"), "weekly")
    market = dataclasses.replace(market, settings=settings)
    with market.check(**live) as check:
        runbook.test_writes(check)

        assert check.found
        assert [] == check.offenders


def test_an_excuse_for_what_cannot_be_tried_excuses_no_leak(market):
    market.run("alter table market.orders disable row level security")
    for check, is_red in (("isolation_unproved", True), ("isolation_probe", False)):
        settings = RunSettings(excused(market.settings.profile, "market.*", check), "weekly")
        with dataclasses.replace(market, settings=settings).check() as found:
            if is_red:
                with pytest.raises(AssertionError):
                    runbook.test_reads(found)
            else:
                runbook.test_reads(found)


def test_every_command_has_its_place_in_the_table(database, settings):
    matrix = probe.run(database.target(), settings.profile, writes=True)

    assert {cell.command for cell in matrix.cells} <= set(COMMANDS)
    assert re.search(r"\| public\.rule_sets +\| validahub_app +\|", matrix.render())
