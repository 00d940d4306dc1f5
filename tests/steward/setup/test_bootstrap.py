"""What the suite needs in a database: applied, printed, listed as missing; on databases in every state."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from steward import PrerequisiteError, profile
from steward import __main__ as steward
from steward.database import session
from steward.setup import bootstrap
from tests.fixtures.running import until

ROLES = ("login", "maintenance", "owner", "application", "analytics", "admin")


@pytest.fixture
def mine(blank, tmp_path):
    """A profile with roles of its own, since roles belong to the whole cluster; none of them exists yet."""
    path = tmp_path / "mine.toml"
    names = "".join(f'{role} = "{blank.name} {role}"\n' for role in ROLES)
    path.write_text(f'extends = "development"\n[roles]\n{names}')
    return profile.load(str(path))


@pytest.fixture
def supplied(blank, mine):
    """A database that has all that the suite needs, and an application's tables."""
    application(blank, mine)
    with blank.connect() as conn:
        bootstrap.apply(conn, mine)
    return blank


def application(database, mine, owner: str = "") -> None:
    """Create an application's tables, one of them partitioned, with its own owner."""
    named = sql.Identifier(owner or mine.roles.owner)
    with database.connect() as conn:
        if not conn.execute("select from pg_roles where rolname = %s", [owner or mine.roles.owner]).fetchall():
            conn.execute(sql.SQL("create role {}").format(named))
        conn.execute(sql.SQL("create schema app authorization {}").format(named))
        conn.execute(sql.SQL("set role {}").format(named))
        conn.execute("create table app.orders (id int primary key, note text) with (fillfactor = 80)")
        conn.execute("create table app.logs (id int, at timestamptz) partition by range (at)")
        conn.execute("create table app.logs_old partition of app.logs for values from (minvalue) to ('2026-01-01')")
        conn.execute("alter table app.orders enable row level security")


def role(mine, name: str) -> sql.Identifier:
    return sql.Identifier(getattr(mine.roles, name))


def standing(database, where: str):
    """Everything that bootstrap could change of the relations, functions and schemas where ``where`` holds."""
    return database.execute(
        f"""
        select 'relation' as kind, n.nspname, c.relname as name, c.relkind::text, c.relowner::regrole::text as owner,
            c.relacl::text as acl, c.reloptions::text, c.relrowsecurity::text, c.relforcerowsecurity::text,
            (select string_agg(a.attname || format_type(a.atttypid, a.atttypmod) || a.attnotnull, ',' order by a.attnum)
                from pg_attribute a where a.attrelid = c.oid and a.attnum > 0) as columns
        from pg_class c join pg_namespace n on n.oid = c.relnamespace where {where}
        union all
        select 'function', n.nspname, c.proname, c.prokind::text, c.proowner::regrole::text, c.proacl::text,
            c.proconfig::text, c.prosecdef::text, '', c.prosrc
        from pg_proc c join pg_namespace n on n.oid = c.pronamespace where {where}
        order by 1, 2, 3
        """  # noqa: S608 - the condition is this file's own
    )


SUITES = (
    "n.nspname in ('steward', 'public') "
    "and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')"
)


def psql(database, script: str) -> subprocess.CompletedProcess:
    """Pipe a script into a real psql as the superuser, as a database administrator would."""
    binaries = database.cluster.server.binaries
    command = [binaries.program("psql"), "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", database.conninfo()]
    return subprocess.run(
        command, input=script, env=binaries.environment, capture_output=True, text=True, timeout=60, check=False
    )


def counted(database, user: str = "postgres"):
    """Connect so that statements are counted."""

    class Counting(psycopg.Connection[Any]):
        statements = 0

        def execute(self, *arguments, **options):
            self.statements += 1
            return super().execute(*arguments, **options)

    conn = Counting.connect(database.conninfo(user), autocommit=True)
    conn.row_factory = dict_row
    return conn


# --- applying ------------------------------------------------------------------------------------


def test_what_is_applied_is_what_was_missing(blank, mine):
    application(blank, mine)
    with blank.connect() as conn:
        missing = bootstrap.missing_statements(conn, mine)
        applied = bootstrap.apply(conn, mine)

        assert set(missing) - set(applied) == set()
        assert [statement for statement in set(applied) - set(missing) if "$wanted$" not in statement] == []
        assert bootstrap.missing_statements(conn, mine) == ()


def test_applying_twice_changes_nothing_the_second_time(supplied, mine):
    before = standing(supplied, "true")
    with supplied.connect() as conn:
        applied = bootstrap.apply(conn, mine)

    assert applied == ()
    assert standing(supplied, "true") == before


def test_nothing_of_the_application_is_changed(blank, mine):
    application(blank, mine)
    before = standing(blank, "n.nspname = 'app'")
    with blank.connect() as conn:
        bootstrap.apply(conn, mine)

    assert len(before) > 3
    assert standing(blank, "n.nspname = 'app'") == before


def test_the_login_role_takes_the_maintenance_role_and_acts_as_owner(supplied, mine):
    with supplied.connect(mine.roles.login) as conn:
        conn.execute(sql.SQL("set role {}").format(role(mine, "maintenance")))
        bypasses = conn.execute("select rolbypassrls from pg_roles where rolname = current_user").fetchone()
        conn.execute("create table app.logs_new (like app.logs including all)")
        conn.execute(sql.SQL("alter table app.logs_new owner to {}").format(role(mine, "owner")))
        conn.execute(
            "alter table app.logs attach partition app.logs_new for values from ('2026-01-01') to ('2026-02-01')"
        )
        conn.execute("insert into app.orders values (1, 'x')")
        conn.execute("vacuum (analyze) app.orders")
        times = "select last_vacuum from pg_stat_user_tables where relname = 'orders'"
        vacuumed = until(lambda: conn.execute(times).fetchone()["last_vacuum"])

    assert bypasses == {"rolbypassrls": True}
    assert vacuumed is not None


def test_the_maintenance_role_writes_everything_the_suite_remembers(supplied, mine):
    with supplied.connect(mine.roles.login) as conn:
        conn.execute(sql.SQL("set role {}").format(role(mine, "maintenance")))
        conn.execute("insert into public.maintenance_log (maintenance_type, started_at) values ('t', now())")
        conn.execute("insert into public.materialized_view_metadata (view_name) values ('v')")
        conn.execute(
            "insert into steward.intent (run_id, item_id, action, object, statement) values ('', '', '', '', '')"
        )
        conn.execute("insert into steward.deferral (object, times) values ('x', 1)")
        conn.execute("insert into steward.legal_hold (table_name, owner, reason) values ('public.x', 'o', 'r')")
        conn.execute("select * from public.monitor_storage_growth()")
        counts = conn.execute("select count(*) as n from public.maintenance_log").fetchone()

    assert counts == {"n": 1}


def test_another_owners_tables_are_maintained_without_changing_hands(blank, mine):
    owner = f"{blank.name} shop's owner"
    application(blank, mine, owner)
    with blank.connect() as conn:
        applied = bootstrap.apply(conn, mine)
    kept = {row["owner"] for row in standing(blank, "n.nspname = 'app'")}

    assert [statement for statement in applied if statement.startswith(f'grant "{owner}" to')] != []
    assert kept == {f'"{owner}"'}
    with blank.connect(mine.roles.login) as conn:
        conn.execute(sql.SQL("set role {}").format(role(mine, "maintenance")))
        conn.execute("truncate app.orders")


def test_a_superuser_is_never_handed_out(blank, mine):
    blank.execute("create table public.everyones (id int)")
    with blank.connect() as conn:
        applied = bootstrap.apply(conn, mine)

    assert [statement for statement in applied if "postgres" in statement] == []


def test_a_role_that_is_a_member_already_closes_no_circle(blank, mine):
    with blank.connect() as conn:
        conn.execute(sql.SQL("create role {}").format(role(mine, "login")))
        conn.execute("create schema app")
        conn.execute("create table app.orders (id int)")
        conn.execute(sql.SQL("alter table app.orders owner to {}").format(role(mine, "login")))
        bootstrap.apply(conn, mine)

        assert bootstrap.missing_statements(conn, mine) == ()


def test_the_hand_made_objects_of_the_operators_documentation_converge(blank, mine):
    with blank.connect() as conn:
        conn.execute(sql.SQL("create role {} nologin bypassrls").format(role(mine, "maintenance")))
        conn.execute(sql.SQL("create role {} nologin").format(role(mine, "login")))
        conn.execute(sql.SQL("grant {} to {}").format(role(mine, "maintenance"), role(mine, "login")))
        conn.execute(
            "create table maintenance_log (id serial primary key, maintenance_type varchar(50) not null, "
            "started_at timestamp with time zone not null, completed_at timestamp with time zone, "
            "details jsonb default '{}', created_at timestamp with time zone default now())"
        )
        conn.execute(
            "create table materialized_view_metadata (view_name varchar(100) primary key, "
            "last_refreshed timestamp with time zone, records_processed bigint, refresh_duration_seconds numeric, "
            "updated_at timestamp with time zone default now())"
        )
        conn.execute("insert into maintenance_log (maintenance_type, started_at) values ('daily_maintenance', now())")
        bootstrap.apply(conn, mine)

        assert bootstrap.missing_statements(conn, mine) == ()
    with blank.connect(mine.roles.login) as conn:
        conn.execute(sql.SQL("set role {}").format(role(mine, "maintenance")))
        conn.execute("insert into maintenance_log (maintenance_type, started_at) values ('t', now())")
        count = conn.execute("select count(*) as n from maintenance_log").fetchone()
    owner = blank.execute("select pg_get_userbyid(relowner) as owner from pg_class where relname = 'maintenance_log'")

    assert (count, owner) == ({"n": 2}, [{"owner": mine.roles.maintenance}])


def test_a_log_outside_of_what_is_included_is_written_by_grants_on_it_and_its_sequence(supplied, mine):
    supplied.execute(f'create role "{mine.roles.admin}"')
    supplied.execute(f'alter table public.maintenance_log owner to "{mine.roles.admin}"')
    narrow = mine.model_copy(update={"target": mine.target.model_copy(update={"schemas": ("app",)})})
    with supplied.connect() as conn:
        missing = bootstrap.missing_statements(conn, narrow)
        bootstrap.apply(conn, narrow)

    assert missing == (
        f'grant select, insert, update, delete on public.maintenance_log to "{mine.roles.maintenance}";',
        f'grant usage, select on sequence public.maintenance_log_id_seq to "{mine.roles.maintenance}";',
    )
    with supplied.connect(mine.roles.login) as conn:
        conn.execute(sql.SQL("set role {}").format(role(mine, "maintenance")))
        conn.execute("insert into maintenance_log (maintenance_type, started_at) values ('t', now())")


def test_two_at_once_do_not_disturb_each_other(blank, mine):
    def supply(_) -> tuple[str, ...]:
        with blank.connect() as conn:
            return bootstrap.apply(conn, mine)

    with ThreadPoolExecutor(2) as pool:
        first, second = sorted(pool.map(supply, range(2)), key=len)

    assert len(second) > len(first) == 0


def test_a_growth_function_with_other_columns_gives_way(blank, mine):
    blank.execute("create function monitor_storage_growth() returns table (a int) language sql as 'select 1'")
    with blank.connect() as conn:
        bootstrap.apply(conn, mine)
        columns = [column.name for column in conn.execute("select * from monitor_storage_growth()").description]

    assert columns[:5] == [
        "table_name",
        "current_size",
        "growth_rate_mb_per_day",
        "estimated_days_to_threshold",
        "alert_level",
    ]


def test_without_the_right_nothing_is_applied_and_the_statements_are_told(blank, mine):
    user = f"{blank.name} nobody"
    blank.execute(f'create role "{user}" login')
    before = standing(blank, "true")
    with blank.connect(user) as conn, pytest.raises(PrerequisiteError) as caught:
        bootstrap.apply(conn, mine)

    assert "SQLSTATE 42501" in str(caught.value)
    assert any(statement.startswith(f'create role "{mine.roles.maintenance}"') for statement in caught.value.statements)
    assert standing(blank, "true") == before


# --- the script ----------------------------------------------------------------------------------


def test_the_script_supplies_everything_where_not_even_the_login_role_exists(blank, mine):
    application(blank, mine)

    done = psql(blank, bootstrap.script(mine))

    assert (done.returncode, [line for line in done.stderr.splitlines() if "NOTICE" not in line]) == (0, [])
    with blank.connect(mine.roles.login) as conn:
        assert bootstrap.missing_statements(conn, mine) == ()
        bootstrap.require(conn, mine)


def test_the_script_can_be_run_again(blank, mine):
    application(blank, mine)
    psql(blank, bootstrap.script(mine))
    before = standing(blank, "true")

    again = psql(blank, bootstrap.script(mine))

    assert (again.returncode, again.stderr) == (0, "")
    assert standing(blank, "true") == before


def test_script_and_apply_leave_the_same(cluster, blank, supplied, mine):
    applied = standing(supplied, SUITES)
    other = cluster.create()
    try:
        psql(other, bootstrap.script(mine))

        assert standing(other, SUITES) == applied
    finally:
        cluster.drop(other)


def test_a_script_that_fails_leaves_nothing(blank, mine):
    broken = bootstrap.script(mine).replace("commit;", "select 1 / 0;\ncommit;")
    before = standing(blank, "true")

    done = psql(blank, broken)

    assert done.returncode == 3
    assert standing(blank, "true") == before


def test_printing_prints_nothing_but_the_script(mine, capsys):
    code = bootstrap.print_script(mine)

    assert (code, capsys.readouterr().out) == (0, bootstrap.script(mine))


@pytest.mark.parametrize("environ", [{"STEWARD_PROFILE": "production"}, {"DATABASE_URL": "host=/nowhere"}, {}])
def test_the_command_prints_without_any_database(environ, capsys, monkeypatch):
    for name in ("DATABASE_URL", "STEWARD_PROFILE", "STEWARD_TARGET", "PGHOST", "PGSERVICE", "PGDATABASE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    words = [] if "STEWARD_PROFILE" in environ else ["--profile", "development"]
    code = steward.main(["bootstrap", "--print-sql", *words])

    expected = bootstrap.script(profile.load(environ.get("STEWARD_PROFILE", "development")))
    assert (code, capsys.readouterr().out) == (0, expected)


def test_the_command_applies_and_says_what_it_did(blank, mine, capsys):
    first = bootstrap.main(blank.target("postgres"), mine)
    output = capsys.readouterr().out
    second = bootstrap.main(blank.target("postgres"), mine)

    assert (first, second) == (0, 0)
    assert f'create role "{mine.roles.maintenance}" nologin bypassrls;\n' in output
    assert capsys.readouterr().out.startswith("-- 0 statements were missing")


# --- what is missing -----------------------------------------------------------------------------

LOSSES = {
    "extension": ("drop extension pgstattuple", 'create extension if not exists "pgstattuple";'),
    "table": ("drop table steward.deferral", "create table if not exists steward.deferral ("),
    "schema": ("drop schema steward cascade", "create schema if not exists steward authorization"),
    "function": ("drop function monitor_storage_growth()", "create or replace function public.monitor_storage_growth"),
    "changed function": (
        (
            "create or replace function monitor_storage_growth() returns table (table_name text, current_size bigint, "
            "growth_rate_mb_per_day numeric, estimated_days_to_threshold numeric, alert_level text, threshold bigint) "
            "language sql as 'select null::text, 1::bigint, 1.0, 1.0, null::text, 1::bigint'"
        ),
        "create or replace function public.monitor_storage_growth",
    ),
    "public function": (
        "grant execute on function monitor_storage_growth() to public",
        "revoke execute on function public.monitor_storage_growth() from public;",
    ),
    "unread function": (
        "revoke execute on function monitor_storage_growth() from pg_monitor",
        "grant execute on function public.monitor_storage_growth() to pg_monitor;",
    ),
    "unread log": (
        "revoke select on maintenance_log from pg_monitor",
        'grant select on "public"."maintenance_log" to pg_monitor;',
    ),
    "row security": ("alter role {maintenance} nobypassrls", "alter role {maintenance} bypassrls;"),
    "login": ("alter role {login} nologin", "alter role {login} login;"),
    "maintenance role": ("revoke {maintenance} from {login}", "grant {maintenance} to {login}"),
    "owner role": ("revoke {owner} from {maintenance}", "grant {owner} to {maintenance}"),
    "monitoring": ("revoke pg_monitor from {maintenance}", "grant pg_monitor to {maintenance}"),
    "schema privilege": (
        "revoke create on schema app from {owner}",
        "grant create on schema app to {owner};",
    ),
    "table of a superuser": (
        "alter table steward.intent owner to postgres",
        'alter table "steward"."intent" owner to {maintenance};',
    ),
    "log of a superuser": (
        "alter table maintenance_log owner to postgres",
        'alter table "public"."maintenance_log" owner to {maintenance};',
    ),
    "table of somebody else": (
        "alter table steward.intent owner to {application}",
        "grant select, insert, update, delete on steward.intent to {maintenance};",
    ),
    "log of somebody else": (
        "alter table maintenance_log owner to {application}",
        "grant {application} to {maintenance}",
    ),
}


@pytest.mark.parametrize(("loss", "expected"), LOSSES.values(), ids=LOSSES)
def test_each_thing_that_is_taken_away_is_missed(supplied, mine, loss, expected):
    def named(text: str) -> str:
        return text.format(**{name: f'"{getattr(mine.roles, name)}"' for name in ROLES})

    supplied.execute(named("create role {application}"))
    with supplied.connect() as conn:
        bootstrap.apply(conn, mine)
    supplied.execute(named(loss))
    with supplied.connect() as conn:
        missing = bootstrap.missing_statements(conn, mine)
        applied = bootstrap.apply(conn, mine)

        assert [statement for statement in missing if statement.startswith(named(expected))] != []
        assert set(missing) - set(applied) == set()
        assert bootstrap.missing_statements(conn, mine) == ()


def test_a_membership_without_the_right_to_take_the_role_does_not_do(supplied, mine):
    if supplied.cluster.version < 16:
        pytest.skip("grants have no options of their own before 16")
    both = {"m": role(mine, "maintenance"), "l": role(mine, "login")}
    with supplied.connect() as conn:
        conn.execute(sql.SQL("grant {m} to {l} with set false").format(**both))
        missing = bootstrap.missing_statements(conn, mine)
        bootstrap.apply(conn, mine)

    assert missing == (f'grant "{mine.roles.maintenance}" to "{mine.roles.login}" with inherit true, set true;',)
    with supplied.connect(mine.roles.login) as conn:
        conn.execute(sql.SQL("set role {m}").format(**both))


def test_a_membership_without_inheritance_does_not_do_for_the_owners_rights(supplied, mine):
    with supplied.connect() as conn:
        if supplied.cluster.version < 16:
            conn.execute(sql.SQL("alter role {} noinherit").format(role(mine, "maintenance")))
        else:
            pair = sql.SQL("grant {} to {} with inherit false").format(role(mine, "owner"), role(mine, "maintenance"))
            conn.execute(pair)
        missing = bootstrap.missing_statements(conn, mine)
        bootstrap.apply(conn, mine)

        assert len(missing) == 1
        assert bootstrap.missing_statements(conn, mine) == ()


def test_the_login_role_itself_may_ask_and_is_refused_with_the_statements(supplied, mine):
    supplied.execute(f'revoke "{mine.roles.maintenance}" from "{mine.roles.login}"')
    with supplied.connect(mine.roles.login) as conn:
        with pytest.raises(PrerequisiteError) as caught:
            bootstrap.require(conn, mine)
        missing = bootstrap.missing_statements(conn, mine)

    assert caught.value.statements == missing
    assert len(missing) == 1
    assert "nox -s bootstrap -- --print-sql" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_number_of_queries_does_not_grow_with_the_database(blank, mine):
    def asked():
        with counted(blank) as conn:
            bootstrap.missing_statements(conn, mine)
            return conn.statements

    empty = asked()
    application(blank, mine)
    for number in range(40):
        blank.execute(f"create table app.t{number} (id int)")

    assert asked() == empty < 10


def test_wanted_extensions_are_never_missing(supplied, mine):
    supplied.execute('drop extension if exists "uuid-ossp"')
    with supplied.connect() as conn:
        assert bootstrap.missing_statements(conn, mine) == ()


# --- monitor_storage_growth ----------------------------------------------------------------------

MEGABYTE = 1 << 20


def growth(database, user: str = "postgres") -> dict:
    return {row["table_name"]: row for row in database.execute("select * from monitor_storage_growth()", user=user)}


def remember(database, relation: str, size: int, age: str) -> None:
    database.execute(
        "insert into steward.relation_size (relation, taken_at, size) values (%s, now() - %s::interval, %s)",
        [relation, age, size],
    )


def test_every_table_and_family_has_a_row_without_any_history(supplied):
    rows = growth(supplied)

    assert set(rows) == {"app.orders", "app.logs"}
    assert {(row["growth_rate_mb_per_day"], row["alert_level"]) for row in rows.values()} == {(None, "OK")}


def test_a_family_is_as_large_as_its_partitions(supplied):
    supplied.execute("insert into app.logs select i, '2025-12-01' from generate_series(1, 5000) as i")
    size = supplied.execute("select pg_total_relation_size('app.logs_old') as size")[0]["size"]

    assert growth(supplied)["app.logs"]["current_size"] == size > 100_000


@pytest.mark.parametrize(
    ("grown", "days", "level"),
    [(0, 10, "OK"), (10, 10, "OK"), (200, 10, "WARNING"), (400, 10, "CRITICAL"), (-10, 10, "OK")],
)
def test_growth_is_measured_against_the_profiles_figures(supplied, grown, days, level):
    """development: 500 MB a month is a warning, 1 GB critical."""
    now = growth(supplied)["app.orders"]["current_size"]
    remember(supplied, "app.orders", now - grown * MEGABYTE, f"{days} days")
    row = growth(supplied)["app.orders"]

    assert row["alert_level"] == level
    assert float(row["growth_rate_mb_per_day"]) == pytest.approx(grown / days, abs=0.01)
    assert (row["estimated_days_to_threshold"] is None) == (grown <= 0)


def test_a_table_over_its_threshold_is_critical_without_any_history(supplied):
    supplied.execute("update steward.growth_threshold set threshold = 1")
    row = growth(supplied)["app.orders"]

    assert (row["estimated_days_to_threshold"], row["alert_level"]) == (0, "CRITICAL")


def test_a_table_with_a_threshold_of_its_own_is_judged_by_it(supplied):
    supplied.execute(
        "insert into steward.growth_threshold select 'app.logs', 0, per_month, critical_per_month, warning_days, "
        "critical_days, measured_over from steward.growth_threshold where relation = '*'"
    )
    levels = {name: row["alert_level"] for name, row in growth(supplied).items()}

    assert levels == {"app.logs": "CRITICAL", "app.orders": "OK"}


def test_less_than_a_day_of_history_says_nothing(supplied):
    remember(supplied, "app.orders", 0, "23 hours")

    assert growth(supplied)["app.orders"]["growth_rate_mb_per_day"] is None


def test_history_older_than_the_measured_time_does_not_count(supplied):
    remember(supplied, "app.orders", 10**12, "31 days")
    remember(supplied, "app.orders", 0, "29 days")

    assert growth(supplied)["app.orders"]["growth_rate_mb_per_day"] >= 0


def test_a_locked_table_keeps_nobody_waiting(supplied):
    with supplied.connect(autocommit=False) as holder:
        holder.execute("lock table app.orders in access exclusive mode")
        with supplied.connect() as conn:
            conn.execute("set statement_timeout = '3s'")
            names = {row["table_name"] for row in conn.execute("select * from monitor_storage_growth()")}

    assert names == {"app.orders", "app.logs"}


def test_what_the_profile_leaves_out_has_no_row(blank, mine):
    application(blank, mine)
    narrow = mine.model_copy(update={"target": mine.target.model_copy(update={"exclude": ("steward.*", "app.log*")})})
    with blank.connect() as conn:
        bootstrap.apply(conn, narrow)

    assert set(growth(blank)) == {"app.orders"}


def test_those_who_monitor_may_ask_and_others_may_not(supplied):
    monitor, other = f"{supplied.name} monitor", f"{supplied.name} other"
    supplied.execute(f'create role "{monitor}" login in role pg_monitor')
    supplied.execute(f'create role "{other}" login')

    assert set(growth(supplied, monitor)) == {"app.orders", "app.logs"}
    assert supplied.execute("select * from maintenance_log", user=monitor) == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        growth(supplied, other)


def test_the_callers_search_path_cannot_bend_the_function(supplied):
    supplied.execute("create schema evil")
    supplied.execute("create function evil.round(numeric, int) returns numeric language sql as 'select 666.0'")
    remember(supplied, "app.orders", 0, "2 days")
    with supplied.connect() as conn:
        conn.execute("set search_path = evil, pg_catalog, public")
        rates = {row["growth_rate_mb_per_day"] for row in conn.execute("select * from public.monitor_storage_growth()")}

    assert 666 not in rates


def test_a_session_of_the_suite_is_had_after_the_bootstrap(supplied, mine):
    with session.maintenance(supplied.target(mine.roles.login), mine) as conn:
        bootstrap.require(conn, mine)
        user = conn.execute("select current_user as name").fetchone()

    assert user == {"name": mine.roles.maintenance}
