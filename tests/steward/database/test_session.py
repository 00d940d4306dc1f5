from __future__ import annotations

import socket
import time
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from steward import PrerequisiteError, TargetError, profile
from steward.database import session
from steward.database.target import Target
from tests.fixtures.running import changed, until

PROFILE = profile.load("development")


def shown(conn, name: str) -> str:
    return conn.execute("select pg_catalog.current_setting(%s) as it", [name]).fetchone()["it"]


def milliseconds(conn, name: str) -> int:
    rows = conn.execute("select setting::bigint as it from pg_catalog.pg_settings where name = %s", [name])
    return rows.fetchone()["it"]


@pytest.fixture
def target(database):
    return database.target()


@pytest.fixture(params=["login", "maintenance", "observer", "probe"])
def any_session(request, target):
    """One session of each kind."""
    arguments = {"login": (), "maintenance": (PROFILE,), "observer": (PROFILE,), "probe": (PROFILE, "validahub_app")}
    with getattr(session, request.param)(target, *arguments[request.param]) as conn:
        yield conn


def test_every_session_says_who_it_is_and_keeps_its_time_in_utc(any_session):
    assert shown(any_session, "application_name") == "maintenance"
    assert shown(any_session, "TimeZone") == "UTC"
    assert shown(any_session, "DateStyle") == "ISO, YMD"


@pytest.mark.parametrize("kind", ["maintenance", "observer"])
def test_session_takes_the_maintenance_role_and_may_not_be_filtered(target, kind):
    with getattr(session, kind)(target, PROFILE) as conn:
        who = conn.execute("select current_user::text as acting, session_user::text as login").fetchone()

        assert who == {"acting": "validahub_system", "login": "validahub_maintenance"}
        assert shown(conn, "row_security") == "off"
        assert conn.autocommit is True


@pytest.mark.parametrize("kind", ["maintenance", "observer"])
def test_a_server_that_does_not_answer_is_waited_for_as_long_as_the_profile_says(settings, kind):
    hasty = changed(settings, run={"connect_timeout": timedelta(seconds=2)}).profile
    with socket.create_server(("127.0.0.1", 0)) as silent:
        at = Target("database", f"host=127.0.0.1 port={silent.getsockname()[1]} user=x dbname=x", "x@silent/x")
        began = time.monotonic()
        with pytest.raises(TargetError, match="it does not answer"):
            getattr(session, kind)(at, hasty)

    # Well below the ten seconds of whoever has no profile.
    assert time.monotonic() - began < 8


def test_plain_session_takes_no_role(target):
    with session.login(target) as conn:
        assert shown(conn, "role") == "none"


def test_maintenance_session_has_the_timeouts_and_resources_of_its_schedule(target):
    with session.maintenance(target, PROFILE, schedule="weekly", workers=1) as conn:
        weekly = PROFILE.weekly

        assert milliseconds(conn, "statement_timeout") == weekly.statement_timeout.total_seconds() * 1000
        assert milliseconds(conn, "lock_timeout") == PROFILE.locks.other.total_seconds() * 1000
        assert milliseconds(conn, "maintenance_work_mem") == weekly.maintenance_work_mem // 1024
        assert milliseconds(conn, "work_mem") == weekly.work_mem // 1024
        for name, value in weekly.parallel.model_dump().items():
            assert float(shown(conn, name)) == value


def test_memory_is_divided_by_the_workers(target):
    with session.maintenance(target, PROFILE, schedule="weekly", workers=4) as conn:
        assert milliseconds(conn, "maintenance_work_mem") == PROFILE.weekly.maintenance_work_mem // 1024 // 4
        assert milliseconds(conn, "work_mem") == PROFILE.weekly.work_mem // 1024 // 4


def test_share_of_memory_is_never_less_than_the_server_takes(target):
    with session.maintenance(target, PROFILE, workers=1_000_000) as conn:
        assert milliseconds(conn, "maintenance_work_mem") == 1024


def test_timeouts_that_are_meant_for_the_application_do_not_end_maintenance(database, target):
    names = ["idle_in_transaction_session_timeout"]
    names += ["idle_session_timeout"] * (database.cluster.version >= 14)
    names += ["transaction_timeout"] * (database.cluster.version >= 17)
    for name in names:
        database.execute(
            sql.SQL("alter database {} set {} to '1h'").format(sql.Identifier(database.name), sql.Identifier(name))
        )
    with session.maintenance(target, PROFILE) as conn:
        assert {name: milliseconds(conn, name) for name in names} == dict.fromkeys(names, 0)


def test_server_looks_for_its_client_so_that_a_killed_workers_statement_ends(database, target):
    if database.cluster.version < 14:
        pytest.skip("the setting is there since 14")
    with session.maintenance(target, PROFILE) as conn:
        expected = PROFILE.run.connection_check.total_seconds() * 1000

        assert milliseconds(conn, "client_connection_check_interval") == expected


def test_observer_cannot_write(target):
    with session.observer(target, PROFILE) as conn, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        conn.execute("delete from public.suggestions")


def test_row_level_security_that_would_filter_maintenance_is_an_error(database, target):
    # What an owner change or a lost BYPASSRLS does in production: counts would silently be those of no tenant.
    roles = PROFILE.roles.model_copy(update={"maintenance": "validahub_owner"})
    filtered = PROFILE.model_copy(update={"roles": roles})
    database.execute("grant validahub_owner to validahub_maintenance")
    try:
        with session.maintenance(target, filtered) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("select count(*) from public.rule_sets")
    finally:
        database.execute("revoke validahub_owner from validahub_maintenance")


def test_maintenance_sees_every_tenant_and_a_probe_only_its_own(demo_database):
    target = demo_database.target()
    with session.maintenance(target, PROFILE) as conn:
        tenants = conn.execute(
            "select tenant_id, count(*) as sets from public.rule_sets group by 1 order by 1"
        ).fetchall()
    first = tenants[0]
    with session.probe(target, PROFILE, "validahub_app") as conn:
        unset = conn.execute("select count(*) as sets from public.rule_sets").fetchone()
        conn.rollback()
        conn.execute("select public.set_tenant_context(%s, %s)", [first["tenant_id"], "someone"])
        own = conn.execute("select tenant_id, count(*) as sets from public.rule_sets group by 1").fetchall()

        assert conn.autocommit is False
        assert shown(conn, "row_security") == "on"

    assert len(tenants) > 1
    assert unset == {"sets": 0}
    assert own == [first]


def test_role_that_may_not_be_taken_is_told_with_the_grant_that_is_missing(database):
    database.execute('create role "odd ""login" login')
    try:
        with pytest.raises(PrerequisiteError) as caught:
            session.maintenance(database.target('odd "login'), PROFILE)
    finally:
        database.execute('drop role "odd ""login"')

    assert caught.value.statements == ('grant "validahub_system" to "odd ""login";',)
    assert caught.value.statements[0] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_grant_that_was_told_is_enough(database):
    database.execute("create role newcomer login")
    try:
        with pytest.raises(PrerequisiteError) as caught:
            session.observer(database.target("newcomer"), PROFILE)
        database.execute(caught.value.statements[0])
        with session.observer(database.target("newcomer"), PROFILE) as conn:
            assert shown(conn, "role") == "validahub_system"
    finally:
        database.execute("drop role newcomer")


def test_refused_role_leaves_no_connection_behind(database):
    database.execute("create role newcomer login")
    try:
        with pytest.raises(PrerequisiteError):
            session.maintenance(database.target("newcomer"), PROFILE)

        until(lambda: not database.execute("select from pg_catalog.pg_stat_activity where usename = 'newcomer'"))
    finally:
        database.execute("drop role newcomer")


def refusal(conninfo: str) -> str:
    with pytest.raises(TargetError) as caught:
        session.login(Target("database", conninfo, "app@test/validahub"))
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_server_that_is_not_there_is_told_in_one_line(tmp_path):
    line = refusal(f"host={tmp_path} user=app dbname=validahub password=hunter2")

    assert line.startswith("app@test/validahub: ")
    assert "\n" not in line
    assert "hunter2" not in line


def test_unknown_database_is_named(database):
    line = refusal(database.conninfo("validahub_maintenance").replace(database.name, "absent"))

    assert line == "app@test/validahub: there is no database absent; correct the database's name"


def test_unknown_login_role_is_named(database):
    line = refusal(database.conninfo("nobody_at_all"))

    assert "there is no role nobody_at_all" in line
    assert "\n" not in line


def test_wrong_password_is_told_without_it(own_cluster):
    with own_cluster.connect() as conn:
        conn.execute("create role app login password 'right one'")
        hba = Path(conn.execute("show hba_file").fetchone()["hba_file"])
    hba.write_text(f"local all app scram-sha-256\n{hba.read_text()}")
    with own_cluster.connect() as conn:
        conn.execute("select pg_catalog.pg_reload_conf()")
    line = refusal(f"{own_cluster.conninfo('app')} password=hunter2")
    right = Target("database", f"{own_cluster.conninfo('app')} password='right one'", "app")
    with session.login(right) as conn:
        assert conn.info.user == "app"

    assert line == (
        "app@test/validahub: wrong password for user app; correct it in DATABASE_URL, PGPASSWORD or the passfile"
    )
