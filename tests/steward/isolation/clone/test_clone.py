"""Copies of a database: by each way, with what decides who reaches what, and gone afterwards, whatever happens."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg import sql

from steward import Inconclusive
from steward.database import session
from steward.isolation.clone import clone, dump_restore
from steward.server import binaries, postmaster, throwaway
from tests.fixtures.running import changed, until
from tests.fixtures.suite import ROOT

HOSTILE = 'Odd "x"; drop %(a)s.{b} é'
ROLES = "select rolname, rolsuper, rolbypassrls from pg_roles where rolname like 'market%' order by 1"
MEMBERS = "select roleid::regrole::text as role, member::regrole::text as member from pg_auth_members"
COPIES = "select datname from pg_database where datname like 'steward_clone%'"
KILLED = """
import sys
from steward import profile
from steward.isolation.clone import clone
from steward.database.target import Target

at = Target("database", sys.argv[1], "killed")
with clone.opened(at, profile.load(sys.argv[2]), own_server=sys.argv[3] == "own") as made:
    print(made.at.conninfo, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def state(monkeypatch):
    """A folder of all state that this test alone uses, and that the server's user can enter."""
    found = Path(tempfile.mkdtemp(prefix="steward state ", dir="/var/tmp"))
    found.chmod(0o755)
    monkeypatch.setenv("STEWARD_STATE", str(found))
    yield found
    shutil.rmtree(found)


def rows(at, statement):
    with session.login(at) as conn:
        return conn.execute(statement).fetchall()


def test_a_copy_on_a_private_server_has_roles_rights_and_policies_and_no_row(market):
    with clone.opened(market.target, market.settings.profile) as made:
        assert "private server" in made.description
        assert made.admin is not None
        assert market.database.execute(ROLES) == rows(made.at, ROLES)
        assert {(row["role"], row["member"]) for row in market.database.execute(MEMBERS)} <= {
            (row["role"], row["member"]) for row in rows(made.at, MEMBERS)
        }
        assert [] == rows(made.admin, "select 1 from market.orders")
        assert [{"user": "market_steward"}] == rows(made.at, 'select current_user as "user"')
    assert [] == market.database.execute(COPIES)


def test_the_private_server_is_of_the_servers_major_or_the_next_newer_one(market, cluster):
    with clone.opened(market.target, market.settings.profile) as made, session.login(made.at) as conn:
        assert cluster.version <= conn.info.server_version // 10000


def test_a_database_that_nobody_else_uses_is_copied_with_its_rows(market):
    at = market.database.target("postgres")
    with clone.opened(at, market.settings.profile) as made:
        assert made.description.startswith("copied with its rows")
        assert made.admin is None
        assert [{"n": 4}] == rows(made.at, "select count(*) as n from market.orders")
        rows(made.at, "delete from market.orders returning 1")
    assert [{"n": 4}] == market.database.execute("select count(*) as n from market.orders")
    assert [] == market.database.execute(COPIES)


def test_a_database_in_use_is_copied_without_its_rows(market):
    at = market.database.target("postgres")
    with market.database.connect(), clone.opened(at, market.settings.profile) as made:
        assert "without rows, on its own server" in made.description
        assert [] == rows(made.at, "select 1 from market.orders")
        assert [{"forced": True}] == rows(
            made.at, "select relforcerowsecurity as forced from pg_class where oid = 'market.orders'::regclass"
        )
    assert [] == market.database.execute(COPIES)


def test_others_cannot_connect_to_a_copy_on_the_same_server(market):
    with clone.opened(market.database.target("postgres"), market.settings.profile) as made:
        [found] = rows(made.at, "select has_database_privilege('market_app', current_database(), 'connect') as may")

    assert not found["may"]


def test_the_shipped_schema_is_copied(database, settings):
    with clone.opened(database.target(), settings.profile) as made:
        [found] = rows(made.at, "select count(*) as n from pg_policies where tablename = 'correction_logs'")

        assert 4 == found["n"]


def test_settings_that_sessions_begin_with_are_copied(market):
    name = sql.Identifier(market.database.name)
    with market.database.connect() as conn:
        conn.execute(sql.SQL("alter database {} set market.tenant = 'it''s'").format(name))
        conn.execute(sql.SQL('alter role market_app in database {} set "market"."odd" = \'x y\'').format(name))
        conn.execute(sql.SQL('alter database {} set search_path = market, "Odd x"').format(name))
        conn.execute(sql.SQL("alter database {} set work_mem = '5MB'").format(name))
    with clone.opened(market.target, market.settings.profile) as made:
        query = "select current_setting('market.tenant') as tenant, current_setting('search_path') as path"
        [found] = rows(made.at, query)
        with session.login(made.at) as conn:
            of_role = dump_restore.session_settings(conn, "other")

    assert {"tenant": "it's", "path": 'market, "Odd x"'} == found
    assert "alter role market_app in database other set market.odd = 'x y'" in of_role


def test_hostile_names_are_copied(market):
    hostile = sql.Identifier(HOSTILE)
    with market.database.connect() as conn:
        conn.execute(sql.SQL("create role {} nologin").format(sql.Identifier("market_" + HOSTILE)))
        conn.execute(sql.SQL("create table market.{} (tenant_id uuid not null, {} text)").format(hostile, hostile))
        conn.execute(sql.SQL("alter table market.{} owner to market_owner").format(hostile))
        conn.execute(sql.SQL("alter table market.{} enable row level security").format(hostile))
        conn.execute(
            sql.SQL("create policy {} on market.{} to {} using (false)").format(
                hostile, hostile, sql.Identifier("market_" + HOSTILE)
            )
        )
    with clone.opened(market.target, market.settings.profile) as made:
        [found] = rows(made.at, "select polname from pg_policy where polname like 'Odd%'")

    assert HOSTILE == found["polname"]


def test_nothing_that_reaches_another_server_is_copied(market):
    with market.database.connect() as conn:
        conn.execute("create foreign data wrapper nowhere")
        conn.execute("create server afar foreign data wrapper nowhere")
        conn.execute("create user mapping for market_app server afar options (password 'secret')")
        conn.execute("create publication beyond for table market.plans with (publish = 'insert')")
    with clone.opened(market.target, market.settings.profile) as made:
        left = rows(made.admin, "select oid from pg_user_mapping union all select oid from pg_publication")

    assert [] == left


def test_a_copy_that_lacks_a_policy_is_no_copy(market, monkeypatch):
    monkeypatch.setattr(dump_restore, "_LEFT_OUT", dump_restore.re.compile(r"\d+; \d+ \d+ POLICY\b"))
    with (
        pytest.raises(Inconclusive, match=r"no market\.customers: policy tenant, permissive"),
        clone.opened(market.target, market.settings.profile),
    ):
        pass


def test_a_role_that_may_not_read_the_schema_learns_what_to_grant(market):
    profile = changed(market.settings, roles={"maintenance": "market_app"}).profile
    with (
        pytest.raises(Inconclusive, match="needs grant select on every table to market_app"),
        clone.opened(market.target, profile),
    ):
        pass


def test_without_programs_as_new_as_the_server_there_is_none(market, monkeypatch, tmp_path):
    monkeypatch.setattr(binaries, "_SYSTEM", tmp_path)
    monkeypatch.setattr(binaries, "_wheel", lambda: tmp_path)
    with (
        pytest.raises(Inconclusive, match="no programs as new as that"),
        clone.opened(market.target, market.settings.profile, {}),
    ):
        pass


def test_a_copy_is_copied_and_its_roles_are_its_own(market):
    with clone.opened(market.target, market.settings.profile, own_server=True) as made:
        with clone.copied(made) as again, session.login(again.admin) as conn:
            conn.execute("drop table market.orders cascade; alter role market_app bypassrls")
        [found] = rows(made.admin, "select to_regclass('market.orders') is not null as there")
        assert 1 == len(rows(made.admin, COPIES))

    assert found["there"]
    assert not any(row["rolbypassrls"] for row in market.database.execute(ROLES) if row["rolname"] == "market_app")


def killed(market, user, way, tmp_path):
    """Make a copy in a process of its own, and kill that; returns the copy's target."""
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    words = [sys.executable, str(script), market.database.conninfo(user), str(tmp_path / "market.toml"), way]
    process = subprocess.Popen(
        words,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    conninfo = process.stdout.readline().strip()
    process.kill()
    process.communicate()
    return replace(market.database.target(user), conninfo=conninfo)


def test_a_copy_that_a_killed_run_has_left_is_dropped_by_the_next(market, tmp_path):
    left = killed(market, "postgres", "any", tmp_path)
    assert 1 == len(market.database.execute(COPIES))
    until(lambda: 1 == len(market.database.execute("select from pg_stat_activity where datname = current_database()")))
    with clone.opened(market.database.target("postgres"), market.settings.profile) as made:
        [kept] = market.database.execute(COPIES)

        assert left.conninfo != made.at.conninfo
        assert kept["datname"] in made.at.conninfo
    assert [] == market.database.execute(COPIES)


def test_a_copy_in_use_is_not_dropped_by_another(market):
    at = market.database.target("postgres")
    with clone.opened(at, market.settings.profile) as first, clone.opened(at, market.settings.profile):
        assert [{"n": 4}] == rows(first.at, "select count(*) as n from market.orders")


def test_a_private_server_that_a_killed_run_has_left_is_removed_by_the_next(market, tmp_path, state):
    killed(market, "market_steward", "own", tmp_path)
    programs = throwaway.client_programs(os.environ, market.database.cluster.version)
    place = throwaway.server_folder(os.environ, programs.version) / "clones"
    [left] = [path.parent for path in place.glob("*/owner")]
    pid = int((left / "data" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, 0)
    with clone.opened(market.target, market.settings.profile, own_server=True):
        assert not left.exists()
        assert 1 == len(list(place.glob("*/owner")))
    assert [] == list(place.glob("*/owner"))
    # Whoever adopted it may not have looked after it yet.
    assert not postmaster._command(pid)
