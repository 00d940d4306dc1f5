"""Row-level security as it is felt: by the application, the analysts, the owner and maintenance."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial

import psycopg
import pytest
from psycopg import sql

TABLES = ("rule_sets", "rule_versions", "correction_logs", "suggestions")
VERDE, SUL = "t_verde", "t_sul"
STATUSES = ("pending", "approved", "rejected", "applied", "reverted", "deleted")
USER = "ana"

SET = """insert into public.rule_sets (tenant_id, channel, name, created_by)
    values (%(tenant)s, 'shopee', 'regras', 'ana') returning id"""
VERSION = """insert into public.rule_versions (tenant_id, rule_set_id, major, minor, patch, version)
    values (%(tenant)s, %(set)s, 1, 0, 0, %(version)s)"""
CORRECTION = """insert into public.correction_logs (
        tenant_id, job_id, record_number, field_name, rule_id, correction_type, correction_method, status, created_by,
        created_at
    )
    values (
        %(tenant)s, gen_random_uuid(), 1, 'title', 'R1', 'format', 'manual', %(status)s, %(by)s,
        now() - %(age)s::interval
    )"""
SUGGESTION = """insert into public.suggestions
    (tenant_id, job_id, record_number, field_name, model_name, model_type, model_version, confidence_score, source)
    values (%(tenant)s, gen_random_uuid(), 1, 'title', 'm', 't', '1', 0.5, 'model')"""


def on(statement, relation):
    """Fill in the relation's name."""
    return sql.SQL(statement).format(sql.Identifier("public", relation))


def correction(tenant=VERDE, *, status="pending", by=USER, age="0"):
    return CORRECTION, {"tenant": tenant, "status": status, "by": by, "age": age}


@pytest.fixture(scope="module")
def tenants(cluster):
    """Two tenants with a row in each table, of corrections one in each status; what tests do here is rolled back."""
    found = cluster.create(cluster.template("empty"))
    plant(found)
    yield found
    cluster.drop(found)


@pytest.fixture
def own_tenants(database):
    """The same for one test alone."""
    plant(database)
    return database


def plant(database):
    with database.connect() as conn:
        for tenant in (VERDE, SUL):
            found = conn.execute(SET, {"tenant": tenant}).fetchone()["id"]
            conn.execute(VERSION, {"tenant": tenant, "set": found, "version": "1.0.0"})
            for status in STATUSES:
                conn.execute(*correction(tenant, status=status))
            conn.execute(SUGGESTION, {"tenant": tenant})


@contextmanager
def session(database, role, tenant=VERDE, user=USER):
    """A session of the login role that has taken another one, in a transaction that will not be committed."""
    with database.connect("validahub_maintenance") as conn:
        conn.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        with conn.transaction(force_rollback=True):
            if tenant is not None:
                conn.execute("select public.set_tenant_context(%s, %s)", (tenant, user))
            yield conn


@pytest.fixture
def acting(tenants):
    return partial(session, tenants)


def seen(conn, table):
    return [
        row["tenant_id"] for row in conn.execute(on("select distinct tenant_id from {} order by 1", table)).fetchall()
    ]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("role", ["validahub_app", "validahub_analytics"])
def test_a_tenant_sees_its_own_rows_only(acting, role, table):
    with acting(role) as conn:
        mine = seen(conn, table)
    with acting(role, SUL) as conn:
        theirs = seen(conn, table)

    assert mine == [VERDE]
    assert theirs == [SUL]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("role", ["validahub_app", "validahub_analytics", "validahub_owner"])
def test_nothing_is_seen_where_the_setting_was_never_set(acting, role, table):
    with acting(role, tenant=None) as conn:
        state = conn.execute("select current_setting('app.current_tenant_id', true) as tenant").fetchone()["tenant"]
        rows = seen(conn, table)

    assert state is None
    assert rows == []


@pytest.mark.parametrize("ending", ["commit", "rollback", "reset app.current_tenant_id", "discard all", "clear"])
def test_nothing_is_seen_or_written_where_the_setting_is_emptied(tenants, ending):
    with tenants.connect("validahub_maintenance") as conn:
        conn.execute("begin")
        conn.execute("select public.set_tenant_context(%s, %s)", (VERDE, USER))
        if ending == "clear":
            conn.execute("select public.clear_tenant_context()")
        else:
            conn.execute(ending if ending in {"commit", "rollback"} else "commit")
            if ending not in {"commit", "rollback"}:
                conn.execute(ending)
        conn.execute("set role validahub_app")
        state = conn.execute("select current_setting('app.current_tenant_id', true) as tenant").fetchone()["tenant"]
        rows = {table: seen(conn, table) for table in TABLES}

        assert state == ""
        assert {table: [] for table in TABLES} == rows
        with pytest.raises(psycopg.errors.CheckViolation):
            conn.execute(*correction("", by=""))


@pytest.mark.parametrize("table", TABLES)
def test_maintenance_sees_all_tenants(acting, table):
    with acting("validahub_system", tenant=None) as conn:
        rows = seen(conn, table)

    assert rows == [SUL, VERDE]


@pytest.mark.parametrize("table", TABLES)
def test_the_login_role_is_filtered_until_it_takes_the_maintenance_role(tenants, table):
    with tenants.connect("validahub_maintenance") as conn:
        rows = seen(conn, table)

    assert rows == []


@pytest.mark.parametrize(
    "statement",
    [(SET, {"tenant": SUL}), correction(SUL), (SUGGESTION, {"tenant": SUL})],
    ids=["rule_sets", "correction_logs", "suggestions"],
)
def test_a_tenant_cannot_insert_for_another(acting, statement):
    with (
        acting("validahub_app") as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
    ):
        conn.execute(*statement)


@pytest.mark.parametrize("table", TABLES)
def test_a_tenant_cannot_move_a_row_to_another(acting, table):
    with (
        acting("validahub_app") as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"),
    ):
        conn.execute(on("update {} set tenant_id = %s", table), (SUL,))


@pytest.mark.parametrize("table", ["rule_versions", "suggestions", "rule_sets"])
def test_a_tenant_deletes_its_own_rows_only(acting, table):
    with acting("validahub_app") as conn:
        conn.execute(on("delete from {}", table))
        conn.execute("set local role validahub_system")
        left = seen(conn, table)

    assert left == [SUL]


@pytest.mark.parametrize("role", ["validahub_app", "validahub_analytics"])
def test_corrections_cannot_be_deleted(acting, role):
    with acting(role) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
        conn.execute("delete from public.correction_logs")


@pytest.mark.parametrize("table", TABLES)
def test_analysts_cannot_write(acting, table):
    with (
        acting("validahub_analytics") as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"),
    ):
        conn.execute(on("update {} set created_at = now()", table))


def test_the_application_writes_in_its_own_name(acting):
    with acting("validahub_app") as conn:
        written = conn.execute(*correction(by=USER)).rowcount

    assert written == 1


@pytest.mark.parametrize("by", ["bob", "", "ANA"])
def test_the_application_cannot_write_in_another_name(acting, by):
    with (
        acting("validahub_app") as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="app_insert_as_self"),
    ):
        conn.execute(*correction(by=by))


def test_an_emptied_user_can_write_nothing(acting):
    with acting("validahub_app", user="") as conn, pytest.raises(psycopg.errors.CheckViolation, match="created_by"):
        conn.execute(*correction(by=""))


def test_the_application_reads_two_years_back(own_tenants):
    plant_old(own_tenants)
    found = {}
    for role in ("validahub_app", "validahub_analytics", "validahub_system"):
        with session(own_tenants, role) as conn:
            found[role] = ages(conn)

    assert found == {
        "validahub_app": [0, 1],
        "validahub_analytics": [0, 1, 3],
        "validahub_system": [0, 1, 3],
    }


def test_a_permissive_read_policy_would_restrict_nothing(own_tenants):
    plant_old(own_tenants)
    own_tenants.execute("drop policy app_read_window on public.correction_logs")
    own_tenants.execute(
        "create policy app_read_window on public.correction_logs as permissive for select to validahub_app "
        "using (created_at >= now() - interval '2 years')"
    )
    with session(own_tenants, "validahub_app") as conn:
        found = ages(conn), seen(conn, "correction_logs")

    assert found == ([0, 1, 3], [SUL, VERDE])


def ages(conn):
    query = "select distinct date_part('year', age(now(), created_at)) as years from public.correction_logs order by 1"
    return [row["years"] for row in conn.execute(query).fetchall()]


def plant_old(database):
    leaf_of_old(database)
    for age in ("1 year", "3 years"):
        database.execute(*correction(age=age))


def leaf_of_old(database):
    """A leaf for everything before the database's first month."""
    first = database.execute("select min(relname) as name from pg_class where relname ~ '^correction_logs_20.._..$'")
    bound = sql.Literal(first[0]["name"][-7:].replace("_", "-") + "-01 00:00:00+00")
    leaf = "create table public.old partition of public.correction_logs for values from (minvalue) to ({})"
    database.execute(sql.SQL(leaf).format(bound))


@pytest.mark.parametrize("status", ["pending", "approved", "applied"])
@pytest.mark.parametrize("becomes", ["approved", "rejected", "applied", "reverted", "deleted"])
def test_the_application_closes_what_is_open(acting, status, becomes):
    change = "update public.correction_logs set status = %s where status = %s"
    with acting("validahub_app") as conn:
        changed = conn.execute(change, (becomes, status)).rowcount

    assert changed == 1


@pytest.mark.parametrize("status", ["rejected", "reverted", "deleted"])
def test_the_application_cannot_reopen_what_is_closed(acting, status):
    with acting("validahub_app") as conn:
        changed = conn.execute(
            "update public.correction_logs set status = 'pending' where status = %s", (status,)
        ).rowcount

    assert changed == 0


def test_leaves_are_closed_to_applications(tenants, acting):
    leaf = tenants.execute("select min(relname) as name from pg_class where relname ~ '^correction_logs_2'")[0]["name"]
    for role in ("validahub_app", "validahub_analytics"):
        with acting(role) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
            conn.execute(on("select from {}", leaf))


def test_a_version_cannot_point_into_another_tenants_set(tenants):
    theirs = tenants.execute("select id from public.rule_sets where tenant_id = %s", (SUL,))[0]["id"]
    mine = {"tenant": VERDE, "set": theirs, "version": "9.0.0"}

    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        tenants.execute(VERSION, mine)


@pytest.mark.parametrize(
    "tenant", ["", "t_", "T_verde", "verde", "t_Verde", "t_a b", "t_verde\n", "t_" + "a" * 48, "t_ação"]
)
@pytest.mark.parametrize("table", ["rule_sets", "correction_logs", "suggestions"])
def test_a_tenant_has_the_form_of_one(tenants, table, tenant):
    statement = {
        "rule_sets": (SET, {"tenant": tenant}),
        "correction_logs": correction(tenant),
        "suggestions": (SUGGESTION, {"tenant": tenant}),
    }

    with pytest.raises(psycopg.errors.CheckViolation, match="tenant_id"):
        tenants.execute(*statement[table])


@pytest.mark.parametrize("tenant", [None, "", "t_", "verde", "t_verde' or true --"])
def test_a_context_is_refused_that_is_no_tenant(tenants, tenant):
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        tenants.execute("select public.set_tenant_context(%s, 'ana')", (tenant,))


def test_a_context_ends_with_its_transaction(tenants):
    with tenants.connect("validahub_maintenance") as conn:
        with conn.transaction():
            conn.execute("select public.set_tenant_context(%s, %s)", (VERDE, USER))
        state = conn.execute("select current_setting('app.current_tenant_id', true) as t").fetchone()

    assert state == {"t": ""}


MATVIEWS = ("rule_effectiveness", "daily_tenant_metrics", "channel_performance_metrics", "field_correction_patterns")


@pytest.fixture(scope="module")
def refreshed(tenants):
    """The materialized views, refreshed by maintenance once the corrections refer to their rule sets."""
    with tenants.connect() as conn:
        conn.execute(
            "update public.correction_logs as c set rule_set_id = s.id from public.rule_sets as s "
            "where s.tenant_id = c.tenant_id"
        )
    with tenants.connect("validahub_maintenance") as conn:
        conn.execute("set role validahub_system")
        for name in MATVIEWS:
            conn.execute(on("refresh materialized view {}", name))
            conn.execute(on("refresh materialized view concurrently {}", name))
    return tenants


@pytest.mark.parametrize("name", MATVIEWS)
def test_materialized_views_hold_all_tenants_and_their_barriers_one(refreshed, acting, name):
    with acting("validahub_system", tenant=None) as conn:
        whole = seen(conn, name)
    with acting("validahub_app") as conn:
        mine = seen(conn, f"{name}_tenant")
    with acting("validahub_analytics", tenant=None) as conn:
        nobody = seen(conn, f"{name}_tenant")

    assert (whole, mine, nobody) == ([SUL, VERDE], [VERDE], [])


@pytest.mark.parametrize("name", MATVIEWS)
@pytest.mark.parametrize("role", ["validahub_app", "validahub_analytics"])
def test_applications_cannot_read_a_materialized_view_itself(acting, role, name):
    with acting(role) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
        conn.execute(on("select from {}", name))
