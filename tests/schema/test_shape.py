"""The schema as it is built: what the catalog must show, and what the tables refuse."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import psycopg
import pytest

from steward.database import queries
from steward.setup import demo
from tests.fixtures import hostile

TABLES = ["correction_logs", "rule_sets", "rule_versions", "suggestions"]
MATVIEWS = ["channel_performance_metrics", "daily_tenant_metrics", "field_correction_patterns", "rule_effectiveness"]
SET = """insert into public.rule_sets (tenant_id, channel, name, created_by)
    values ('t_verde', 'shopee', 'regras', 'ana') returning id"""


def names(rows):
    return [row["name"] for row in rows]


def test_row_security_is_on_and_forced(database):
    rows = database.execute(
        "select relname as name from pg_class where relrowsecurity and relforcerowsecurity "
        "and relnamespace = 'public'::regnamespace order by 1"
    )

    assert names(rows) == TABLES


def test_the_owner_owns_tables_leaves_and_functions(database):
    rows = database.execute(
        "select distinct owner from ("
        "select pg_get_userbyid(relowner) as owner from pg_class where relkind in ('r', 'p') "
        "and (relname = any(%(tables)s) or relname = 'schema_version' or relname like 'correction_logs_2%%') "
        "union all select pg_get_userbyid(proowner) from pg_proc where proname in "
        "('set_tenant_context', 'clear_tenant_context') "
        "union all select pg_get_userbyid(typowner) from pg_type "
        "where typtype = 'e' and typnamespace = 'public'::regnamespace) as owned",
        {"tables": TABLES},
    )

    assert rows == [{"owner": "validahub_owner"}]


def test_the_bypassing_role_owns_materialized_views_and_their_barriers(database):
    rows = database.execute(
        "select relname as name, relkind, pg_get_userbyid(relowner) as owner, reloptions from pg_class "
        "where relkind in ('m', 'v') and relnamespace = 'public'::regnamespace and relname ~ %s "
        "order by relkind, relname",
        ("^(" + "|".join(MATVIEWS) + ")",),
    )
    views = [row for row in rows if row["relkind"] == "v"]

    assert names(rows) == [*MATVIEWS, *(f"{name}_tenant" for name in MATVIEWS)]
    assert {row["owner"] for row in rows} == {"validahub_system"}
    assert all("security_barrier=true" in row["reloptions"] for row in views)


def test_the_indexes_that_maintenance_relies_on_are_there(database):
    rows = database.execute(
        "select relname || ' ' || regexp_replace(pg_get_indexdef(indexrelid), '^.* USING ', '') as name "
        "from pg_index join pg_class on pg_class.oid = indrelid where relname = any(%s) and not indisprimary",
        (["correction_logs", "suggestions"],),
    )

    assert sorted(names(rows)) == [
        "correction_logs btree (tenant_id, applied_at) WHERE (status = 'applied'::text)",
        "correction_logs btree (tenant_id, correction_batch_id, status)",
        "correction_logs btree (tenant_id, created_at DESC)",
        "correction_logs btree (tenant_id, created_at) WHERE (status = 'pending'::text)",
        "correction_logs btree (tenant_id, job_id, record_number)",
        "correction_logs btree (tenant_id, rule_id, correction_method, status, created_at)",
        "correction_logs gin (correction_metadata)",
        "correction_logs gin (estimated_impact)",
        "suggestions btree (tenant_id, accepted_at) WHERE (status = 'accepted'::suggestion_status)",
        "suggestions btree (tenant_id, created_at) WHERE (confidence_score >= 0.9)",
        "suggestions btree (tenant_id, job_id, record_number)",
        "suggestions btree (tenant_id, model_name, confidence_score, created_at)",
        "suggestions gin (alternative_suggestions)",
        "suggestions gin (business_impact)",
        "suggestions gin (original_value)",
        "suggestions gin (suggested_value)",
    ]


def test_each_enumeration_has_its_labels(database):
    rows = database.execute(
        "select typname as name, string_agg(enumlabel, ' ' order by enumsortorder) as labels "
        "from pg_enum join pg_type on pg_type.oid = enumtypid group by 1 order by 1"
    )

    assert {row["name"]: row["labels"] for row in rows} == {
        "marketplace_channel": "mercado_livre mercado_livre_classic mercado_livre_premium magalu amazon_br amazon_mx "
        "shopee b2w via_varejo carrefour custom",
        "rule_set_status": "draft published deprecated archived",
        "suggestion_status": "generated reviewed accepted rejected expired applied implemented",
        "version_status": "draft testing published deprecated archived",
    }


def test_only_the_restrictive_policies_are_for_the_application_alone(database):
    rows = database.execute(
        "select policyname as name, tablename, permissive, cmd, array_to_string(roles, ' ') as roles from pg_policies "
        "where schemaname = 'public' order by policyname, tablename"
    )

    assert [tuple(row.values()) for row in rows] == [
        ("app_insert_as_self", "correction_logs", "RESTRICTIVE", "INSERT", "validahub_app"),
        ("app_read_window", "correction_logs", "RESTRICTIVE", "SELECT", "validahub_app"),
        ("app_update_open", "correction_logs", "RESTRICTIVE", "UPDATE", "validahub_app"),
        *(("tenant_isolation", table, "PERMISSIVE", "ALL", "public") for table in TABLES),
    ]


def test_each_materialized_view_can_be_refreshed_concurrently(database):
    rows = database.execute(
        "select indrelid::regclass::text as name from pg_index join pg_class on pg_class.oid = indrelid "
        "where relkind = 'm' and indisunique and indisvalid and indpred is null and indexprs is null order by 1"
    )

    assert names(rows) == MATVIEWS


def test_roles_have_the_attributes_that_they_should(database):
    rows = database.execute(
        "select rolname as name, rolcanlogin as login, rolbypassrls as bypass, rolsuper as super "
        "from pg_roles where rolname like 'validahub%%' order by 1"
    )

    assert [(row["name"], row["login"], row["bypass"], row["super"]) for row in rows] == [
        ("validahub_admin", False, True, False),
        ("validahub_analytics", False, False, False),
        ("validahub_app", False, False, False),
        ("validahub_maintenance", True, False, False),
        ("validahub_owner", False, False, False),
        ("validahub_system", False, True, False),
    ]


@pytest.mark.parametrize(
    ("member", "role"),
    [
        ("validahub_system", "validahub_owner"),
        ("validahub_system", "pg_monitor"),
        ("validahub_system", "pg_stat_scan_tables"),
        ("validahub_maintenance", "validahub_system"),
        ("validahub_maintenance", "validahub_app"),
    ],
)
def test_memberships_give_maintenance_its_rights(database, member, role):
    rows = database.execute("select pg_has_role(%s, %s, 'member') as has", (member, role))

    assert rows == [{"has": True}]


def test_leaves_carry_no_grants(database):
    rows = database.execute(
        "select distinct grantee from information_schema.role_table_grants "
        "where table_name like 'correction_logs_2%%' and grantee <> 'validahub_owner'"
    )

    assert rows == []


def test_the_application_may_update_all_columns_but_identity(database):
    rows = database.execute(
        "select relname || '.' || attname as name from pg_attribute join pg_class on pg_class.oid = attrelid "
        "where relname = any(%s) and attnum > 0 and not attisdropped "
        "and not has_column_privilege('validahub_app', attrelid, attnum, 'update') order by 1",
        (TABLES,),
    )

    assert names(rows) == sorted(f"{table}.{column}" for table in TABLES for column in ("id", "tenant_id"))


def test_the_schema_says_its_version_once(database):
    rows = database.execute("select version from public.schema_version")

    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute("insert into public.schema_version (version) values ('2.0')")
    assert rows == [{"version": "1.0"}]


@pytest.mark.parametrize("flag", ["is_current", "is_latest"])
def test_a_rule_set_has_one_current_and_one_latest_version(database, flag):
    found = database.execute(SET)[0]["id"]
    versions = (
        "insert into public.rule_versions "
        "(tenant_id, rule_set_id, major, minor, patch, version, is_current, is_latest) "
        "values ('t_verde', %(set)s, 1, %(minor)s, 0, '1.' || %(minor)s::text, %(current)s, %(latest)s)"
    )
    flags = {"set": found, "current": flag == "is_current", "latest": flag == "is_latest"}
    database.execute(versions, {**flags, "minor": 1})

    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute(versions, {**flags, "minor": 2})


@pytest.mark.parametrize("status", ["published", "deprecated", "archived"])
def test_a_status_needs_its_timestamp(database, status):
    found = database.execute(SET)[0]["id"]

    with pytest.raises(psycopg.errors.CheckViolation, match=f"{status}_at"):
        database.execute(
            "insert into public.rule_versions (tenant_id, rule_set_id, major, minor, patch, version, status) "
            "values ('t_verde', %s, 1, 0, 0, '1.0.0', %s)",
            (found, status),
        )


def test_deleting_a_set_deletes_its_versions(database):
    found = database.execute(SET)[0]["id"]
    database.execute(
        "insert into public.rule_versions (tenant_id, rule_set_id, major, minor, patch, version) "
        "values ('t_verde', %s, 1, 0, 0, '1.0.0')",
        (found,),
    )
    database.execute("delete from public.rule_sets")

    assert database.execute("select from public.rule_versions") == []


def test_leaves_are_calendar_months_in_utc_whatever_the_session_says(blank):
    with blank.connect() as conn:
        demo.schema(conn)
        conn.execute("set timezone = 'America/Sao_Paulo'")
        demo.partitions(conn, 0, 0)
        conn.execute("set timezone = 'UTC'")
        rows = conn.execute(
            "select relname as name, pg_get_expr(relpartbound, oid) as bounds from pg_class where relispartition "
            "and relkind = 'r'"
        ).fetchall()
    now = datetime.now(UTC)
    following = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)

    assert rows == [
        {
            "name": f"correction_logs_{now:%Y_%m}",
            "bounds": f"FOR VALUES FROM ('{now:%Y-%m}-01 00:00:00+00') TO ('{following:%Y-%m}-01 00:00:00+00')",
        }
    ]


def test_roles_that_exist_are_left_as_they_are(own_cluster):
    first, second = own_cluster.create(), own_cluster.create()
    with first.connect() as conn:
        demo.schema(conn)
        conn.execute("alter role validahub_app connection limit 7")
    with second.connect() as conn:
        demo.schema(conn)
        rows = conn.execute("select rolconnlimit from pg_roles where rolname = 'validahub_app'").fetchall()

    assert rows == [{"rolconnlimit": 7}]


def _program(cluster, name, database, *arguments, **more):
    """Run a client program of the tests' server and return what it prints."""
    binaries = cluster.server.binaries
    command = [binaries.program(name), "-d", cluster.conninfo(database=database.name), *arguments]
    return subprocess.run(command, env=binaries.environment, check=True, capture_output=True, text=True, **more).stdout


def _dump(cluster, database):
    """The whole schema as statements, without the random words that newer versions write around them."""
    lines = _program(cluster, "pg_dump", database, "--schema-only").splitlines()
    return [line for line in lines if not line.startswith(("\\restrict", "\\unrestrict"))]


def test_psql_applies_the_scripts_in_order_and_builds_what_the_suite_builds(own_cluster):
    by_psql, by_suite = own_cluster.create(), own_cluster.create()
    scripts = "".join(path.read_text(encoding="utf-8") for path in sorted((queries.SQL / "schema").glob("*.sql")))
    _program(own_cluster, "psql", by_psql, "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", input=scripts)
    roles = own_cluster.roles()
    with by_suite.connect() as conn:
        demo.schema(conn)

    assert "validahub_owner" in str(roles)
    assert roles == own_cluster.roles()
    assert len(_dump(own_cluster, by_psql)) > 500
    assert _dump(own_cluster, by_psql) == _dump(own_cluster, by_suite)


def test_hostile_names_are_what_they_say(hostile_database):
    rows = hostile_database.execute(
        "select octet_length(relname) as bytes from pg_class join pg_namespace as n on n.oid = relnamespace "
        "where nspname like 'Odd%' and relkind in ('r', 'p') and pg_get_userbyid(relowner) = 'validahub_owner'"
    )

    assert len(rows) == len(hostile.TABLES) + 3
    assert max(row["bytes"] for row in rows) == 63
