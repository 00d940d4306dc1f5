"""Each prerequisite, taken away and there."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from checks import test_prerequisites as runbook
from steward import profile
from steward.database import inventory, session
from steward.engine.check import Check
from steward.setup import bootstrap, prerequisites
from tests.fixtures.database import TestDatabase
from tests.fixtures.running import changed, until
from tests.fixtures.standby import caught_up


@pytest.fixture
def checked(database, settings, checking):
    """Run a query of the check and return its offenders' names with what was observed."""

    def run(query: str, **params) -> list[tuple[str, str]]:
        check = checking(database, settings)
        params = params or PARAMS.get(query, lambda check: {})(check)
        return [(found.object_name, found.observed) for found in check.run(query, **params).offenders]

    return run


PARAMS = {
    "prerequisites_server": lambda check: {"minimum": 13},
    "prerequisites_minor": prerequisites.server_version_params,
    "prerequisites_schema": prerequisites.schema_version_params,
    "prerequisites_extensions": lambda check: {"required": list(check.settings.profile.extensions.required)},
    "prerequisites_roles": lambda check: check.settings.profile.roles.model_dump(),
    "prerequisites_rights": prerequisites.scope_params,
    "prerequisites_locks": prerequisites.scope_params,
}
QUERIES = (*PARAMS, "prerequisites_settings", "prerequisites_metadata")


@pytest.mark.parametrize("query", QUERIES)
def test_a_database_as_it_should_be_passes(checked, query):
    assert checked(query) == []


# What each item of the runbook fails on: statements, and what the profile says otherwise. Settings, locks and standbys
# are planted on servers of their own.
PLANTED = {
    "minor": ([], {"server": {"minimum_minor": {str(major): 1000 for major in range(13, 30)}}}),
    "schema": (["delete from public.schema_version"], {}),
    "extensions": (["drop extension pgstattuple"], {}),
    "roles": ([], {"roles": {"analytics": "nobody_here"}}),
    "rights": (["create table public.of_a_superuser ()"], {}),
    "metadata": (["alter table public.maintenance_log drop column created_at"], {}),
}


@pytest.mark.parametrize("item", [*PLANTED, "server", "support", "settings", "locks"])
def test_a_healthy_runbook_item_passes(database, settings, checking, item):
    lasting = {str(database.cluster.version): datetime.now(UTC).date() + timedelta(days=1)}
    getattr(runbook, f"test_{item}")(checking(database, changed(settings, server={"end_of_life": lasting})))


@pytest.mark.parametrize("item", PLANTED)
def test_a_runbook_item_fails_on_its_fault(database, settings, checking, item):
    statements, sections = PLANTED[item]
    for statement in statements:
        database.execute(statement)
    check = checking(database, changed(settings, **sections))
    with pytest.raises(AssertionError):
        getattr(runbook, f"test_{item}")(check)

    assert check.offenders


# --- server and schema ---------------------------------------------------------------------------


def test_a_standby_is_found(own_cluster, standby, settings, checking):
    primary = own_cluster.create(own_cluster.template("empty"))
    until(lambda: caught_up(own_cluster))
    replica = TestDatabase(primary.name, standby)
    check = checking(replica, settings)
    with pytest.raises(AssertionError):
        runbook.test_server(check)
    check.conn.close()

    assert [primary.name] == [finding.object_name for finding in check.offenders]


def test_a_server_that_is_too_old_is_found(checked, database):
    [(name, observed)] = checked("prerequisites_server", minimum=database.cluster.version + 1)

    assert name == database.name
    assert observed.startswith(f"PostgreSQL {database.cluster.version}")


@pytest.mark.parametrize(
    ("planted", "observed"),
    [
        ("update public.schema_version set version = '0.9'", "version 0.9"),
        ("update public.schema_version set version = 'one'", "version one"),
        ("delete from public.schema_version", "0 versions"),
        ("insert into public.schema_version (version) values ('1.1')", "2 versions"),
        ("drop table public.schema_version", "0 versions"),
    ],
)
def test_a_schema_that_is_not_supported_is_found(checked, database, planted, observed):
    database.execute("alter table public.schema_version owner to validahub_owner")
    drop_keys(database)
    database.execute(planted)

    assert checked("prerequisites_schema") == [("public.schema_version", observed)]


def drop_keys(database) -> None:
    """Let the table hold what the application's own constraints would refuse."""
    keys = database.execute(
        "select conname from pg_constraint where conrelid = 'public.schema_version'::regclass and contype <> 'n'"
    )
    for key in keys:
        database.execute(f'alter table public.schema_version drop constraint "{key["conname"]}"')
    for index in database.execute(
        "select indexrelid::regclass::text as name from pg_index where indrelid = 'public.schema_version'::regclass"
    ):
        database.execute(f"drop index {index['name']}")


@pytest.mark.parametrize("version", ["1.0", "1.0.1", "1.10", "2"])
def test_a_later_schema_passes(checked, database, version):
    drop_keys(database)
    database.execute("update public.schema_version set version = %s", [version])

    assert checked("prerequisites_schema") == []


def test_versions_are_compared_as_numbers(checked, database, settings, checking):
    drop_keys(database)
    database.execute("update public.schema_version set version = '1.9'")
    check = checking(database, settings)
    asked = prerequisites.schema_version_params(check) | {"minimum": "1.10"}

    assert len(check.run("prerequisites_schema", **asked).offenders) == 1


def test_a_database_whose_profile_names_no_version_passes(database, settings, checking, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('extends = "development"\n[application]\nversion_table = ""')
    check = checking(database, type(settings)(profile.load(str(path)), "daily"))

    assert check.run("prerequisites_schema", **prerequisites.schema_version_params(check)).offenders == []


def test_a_version_table_with_a_difficult_name_is_read(database, settings, checking, tmp_path):
    database.execute('create table public."Odd "".x" (version text)')
    database.execute('grant select on public."Odd "".x" to validahub_system')
    database.execute('insert into public."Odd "".x" values (\'0.1\')')
    path = tmp_path / "mine.toml"
    path.write_text('extends = "development"\n[application]\nversion_table = \'public."Odd "".x"\'')
    check = checking(database, type(settings)(profile.load(str(path)), "daily"))
    found = check.run("prerequisites_schema", **prerequisites.schema_version_params(check)).offenders

    assert [(finding.object_name, finding.observed) for finding in found] == [('public."Odd "".x"', "version 0.1")]


@pytest.mark.parametrize(("least", "names"), [({str(major): 1000 for major in range(13, 30)}, 1), ({}, 0)])
def test_a_minor_version_that_lacks_fixes_is_found(database, settings, checking, least, names):
    check = checking(database, changed(settings, server={"minimum_minor": least}))
    found = check.run("prerequisites_minor", **prerequisites.server_version_params(check)).offenders

    assert [database.name] * names == [finding.object_name for finding in found]
    for finding in found:
        assert finding.observed.startswith(f"PostgreSQL {database.cluster.version}.")
        assert finding.expected == f"PostgreSQL {database.cluster.version}.1000 or later"


def test_a_major_version_that_nobody_mends_is_found(database, settings, checking):
    major, today = str(database.cluster.version), datetime.now(UTC).date()
    over, lasting = (
        checking(database, changed(settings, server={"end_of_life": {major: today + timedelta(days=days)}}))
        for days in (-1, 1)
    )
    runbook.test_support(lasting)
    with pytest.raises(AssertionError):
        runbook.test_support(over)

    [finding] = over.offenders
    assert finding.observed == f"PostgreSQL {major}, out of support since {today - timedelta(days=1)}"


# --- extensions and settings ---------------------------------------------------------------------


def test_a_missing_extension_is_found_with_the_statement_that_creates_it(database, settings, checking):
    database.execute("drop extension pgstattuple")
    [found] = checking(database, settings).run("prerequisites_extensions", required=["pgstattuple"]).offenders

    assert (found.object_name, found.observed) == ("pgstattuple", "not created")
    assert found.remediation == "create extension pgstattuple"


def test_an_extension_that_the_server_does_not_have_is_found(checked):
    assert checked("prerequisites_extensions", required=["pg_nonesuch"]) == [
        ("pg_nonesuch", "not available on the server")
    ]


def test_settings_that_blind_the_suite_are_found(own_cluster, settings, checking):
    database = own_cluster.create(own_cluster.template("empty"))
    own_cluster.stop()
    own_cluster.server.start(track_counts="off", autovacuum="off", shared_preload_libraries="")
    check = checking(database, settings)
    with pytest.raises(AssertionError):
        runbook.test_settings(check)

    assert [(finding.object_name, finding.observed) for finding in check.offenders] == [
        ("autovacuum", "off"),
        ("shared_preload_libraries", ""),
        ("track_counts", "off"),
    ]


# --- roles and rights ----------------------------------------------------------------------------


@pytest.fixture
def other(database, settings):
    """Settings whose profile names roles that a test may spoil: the templates' own belong to the whole cluster."""
    names = {"maintenance": f"{database.name}_system", "application": f"{database.name}_app"}
    with database.connect() as conn:
        conn.execute(f"create role {names['maintenance']} nologin bypassrls in role pg_monitor, validahub_owner")
        conn.execute(f"create role {names['application']} nologin")
        conn.execute(f"grant {names['maintenance']}, {names['application']} to validahub_maintenance")
        conn.execute(f"grant usage on schema public to {names['maintenance']}")
    changed = settings.profile.model_copy(update={"roles": settings.profile.roles.model_copy(update=names)})
    yield type(settings)(changed, "daily")
    with database.connect() as conn:
        for name in names.values():
            conn.execute(f"drop owned by {name}")
            conn.execute(f"drop role if exists {name}")


def roles(database, other, checking) -> list[tuple[str, str]]:
    check = checking(database, other)
    found = check.run("prerequisites_roles", **other.profile.roles.model_dump()).offenders
    return [(finding.object_name.removeprefix(f"{database.name}_"), finding.observed) for finding in found]


def test_roles_as_they_should_be_pass(database, other, checking):
    assert roles(database, other, checking) == []


def test_a_maintenance_role_that_row_security_filters_is_found(database, other, checking):
    database.execute(f"alter role {other.profile.roles.maintenance} nobypassrls")

    assert roles(database, other, checking) == [("system", "filtered by row-level security")]


def test_a_maintenance_role_that_sees_no_sessions_is_found(database, other, checking):
    database.execute(f"revoke pg_monitor from {other.profile.roles.maintenance}")

    assert roles(database, other, checking) == [("system", "cannot see other sessions")]


def test_a_login_that_cannot_act_as_the_application_is_found(database, other, checking):
    database.execute(f"revoke {other.profile.roles.application} from validahub_maintenance")

    assert roles(database, other, checking) == [
        ("validahub_maintenance", f"cannot act as {other.profile.roles.application}")
    ]


def test_a_role_that_only_the_profile_knows_is_found(database, settings, checking):
    named = settings.profile.roles.model_dump() | {"analytics": "nobody_here", "admin": ""}
    found = checking(database, settings).run("prerequisites_roles", **named).offenders

    assert [(finding.object_name, finding.observed) for finding in found] == [("nobody_here", "there is no such role")]


def test_a_run_as_superuser_is_found(database, settings):
    with session.observer(database.target("postgres"), settings.profile) as conn:
        check = Check(settings, lambda: conn, inventory.scan(conn, settings.profile))
        found = check.run("prerequisites_roles", **settings.profile.roles.model_dump()).offenders

    assert [(finding.object_name, finding.observed) for finding in found] == [("postgres", "a superuser")]


@pytest.fixture
def stranger(database):
    """A role that owns tables here, and nothing afterwards: roles are the server's."""
    name = f"{database.name}_stranger"
    database.execute(f"create role {name}")
    yield name
    database.execute(f"drop owned by {name}")
    database.execute(f"drop role {name}")


def test_tables_whose_owners_rights_are_lacking_are_found_once_a_family(checked, database, stranger):
    database.execute("create table public.logs (at date) partition by range (at)")
    for year in (2024, 2025):
        database.execute(
            f"create table public.logs_{year} partition of public.logs "
            f"for values from ('{year}-01-01') to ('{year + 1}-01-01')"
        )
        database.execute(f"alter table public.logs_{year} owner to {stranger}")

    assert checked("prerequisites_rights") == [
        ("public.logs", "owned by postgres, a superuser"),
        ("public.logs", f"owned by {stranger}"),
    ]


def test_the_bootstrap_makes_an_owners_tables_maintainable(checked, database, settings, stranger):
    database.execute("create table public.theirs (id int)")
    database.execute(f"alter table public.theirs owner to {stranger}")
    before = checked("prerequisites_rights")
    with database.connect() as conn:
        bootstrap.apply(conn, settings.profile)

    assert before == [("public.theirs", f"owned by {stranger}")]
    assert checked("prerequisites_rights") == []


# --- metadata ------------------------------------------------------------------------------------


def test_a_log_with_other_columns_is_found(checked, database):
    database.execute("alter table public.maintenance_log drop column created_at")
    database.execute("alter table public.maintenance_log alter column details drop default")
    database.execute("alter table public.maintenance_log alter column details type text")

    assert checked("prerequisites_metadata") == [
        ("public.maintenance_log.created_at", "absent"),
        ("public.maintenance_log.details", "text"),
    ]


def test_wider_types_pass(checked, database):
    database.execute("alter table public.maintenance_log alter column id type bigint")
    database.execute("alter table public.materialized_view_metadata alter column view_name type text")

    assert checked("prerequisites_metadata") == []


# --- locks ---------------------------------------------------------------------------------------


def test_a_family_that_the_lock_table_cannot_hold_is_found_until_there_is_room(own_cluster, settings, checking):
    database = own_cluster.create(own_cluster.template("empty"))
    database.execute("create table public.wide (n integer primary key) partition by list (n)")
    database.execute(
        "do $$ begin for n in 1 .. 350 loop "
        "execute format('create table public.wide_%s partition of public.wide for values in (%s)', n, n); "
        "end loop; end $$"
    )

    def found(locks):
        database.execute(f"alter system set max_locks_per_transaction = {locks}")
        own_cluster.stop()
        own_cluster.start()
        check = checking(database, settings)
        with contextlib.suppress(AssertionError):
            runbook.test_locks(check)
        return check.offenders

    [narrow] = found(10)
    room = int(narrow.remediation.split()[3])

    assert narrow.object_name == "public.wide"
    assert narrow.observed == "702 relations"
    assert found(room) == []
