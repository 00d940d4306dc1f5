"""The demo data: as much as it says, skewed as it says, and with all the work in it that it promises."""

from __future__ import annotations

import pytest

from steward.setup import demo
from tests.fixtures.running import until


@pytest.fixture(scope="module")
def worn(cluster):
    """The demo at a small scale, for tests that only look."""
    found = cluster.create(cluster.template("demo"))
    demo.wear(found.target("postgres"))
    with found.connect() as conn:
        conn.execute("create extension if not exists pgstattuple schema public")
    yield found
    cluster.drop(found)


def one(database, question):
    rows = database.execute(question)
    return next(iter(rows[0].values()))


def test_tenants_are_many_and_skewed(worn):
    rows = worn.execute(
        "select tenant_id, count(*) as n from public.correction_logs group by tenant_id order by n desc"
    )
    total = sum(row["n"] for row in rows)

    assert len(rows) == 24
    assert total > 5000
    assert 0.2 < rows[0]["n"] / total < 0.35
    assert rows[-1]["n"] / total < 0.03


def test_corrections_reach_thirty_months_back_and_no_further_than_now(worn):
    months = one(
        worn,
        "select count(distinct date_trunc('month', created_at at time zone 'UTC')) from public.correction_logs",
    )
    future = one(worn, "select count(*) from public.correction_logs where created_at > now()")

    assert months == 30
    assert future == 0


def test_next_months_partition_is_missing(worn):
    rows = worn.execute(
        "select to_char(now() at time zone 'UTC', 'YYYY_MM') as now, max(right(relname, 7)) as last "
        "from pg_class where relname ~ '^correction_logs_2' and relkind = 'r'"
    )

    assert rows[0]["last"] == rows[0]["now"]


DUE = {
    "expired suggestions": "select count(*) from public.suggestions where expires_at < now() - interval '1 day' "
    "and status in ('generated', 'reviewed') and confidence_score < 0.3",
    "suggestions that no rule reaches": "select count(*) from public.suggestions "
    "where (expires_at is null or confidence_score >= 0.3) and created_at < now() - interval '6 months' "
    "and status in ('generated', 'reviewed')",
    "soft-deleted corrections": "select count(*) from public.correction_logs where status = 'deleted' "
    "and created_at < now() - interval '90 days'",
    "unused deprecated versions": "select count(*) from public.rule_versions as v where status = 'deprecated' "
    "and deprecated_at < now() - interval '180 days' and not exists (select from public.correction_logs as c "
    "where c.rule_version_id = v.id and c.created_at >= now() - interval '30 days')",
    "deprecated versions in use": "select count(*) from public.rule_versions as v where status = 'deprecated' "
    "and deprecated_at < now() - interval '180 days' and exists (select from public.correction_logs as c "
    "where c.rule_version_id = v.id and c.created_at >= now() - interval '30 days')",
    "deleted rule sets": "select count(*) from public.rule_sets where deleted_at < now() - interval '90 days'",
    "rule sets deleted lately": "select count(*) from public.rule_sets where deleted_at >= now() - interval '90 days'",
    "closed suggestions": "select count(*) from public.suggestions where status in ('implemented', 'rejected') "
    "and updated_at < now() - interval '6 months'",
    "orphaned versions": "select count(*) from public.rule_versions as v where not exists "
    "(select from public.rule_sets as s where s.id = v.rule_set_id)",
    "old corrections": "select count(*) from public.correction_logs where created_at < now() - interval '25 months'",
}


@pytest.mark.parametrize("what", DUE)
def test_every_retention_rule_has_rows_to_find(worn, what):
    found = one(worn, DUE[what])

    assert found > 0


def test_dead_rows_are_on_the_books_of_several_leaves(worn):
    # In the first days of a month its own leaf has few rows yet.
    dead = "select relname from pg_stat_user_tables where n_dead_tup > 0 and relname like 'correction_logs_2%%'"

    until(lambda: len(worn.execute(dead)) >= 3)


def test_nothing_keeps_autovacuum_away_for_good(worn):
    rows = worn.execute("select relname from pg_class where array_to_string(reloptions, ' ') ~ 'autovacuum'")

    assert rows == []


def test_an_index_is_bloated_and_in_use(worn):
    scans = "select idx_scan from pg_stat_user_indexes where indexrelname = 'suggestions_tenant_model'"
    rows = worn.execute("select avg_leaf_density from public.pgstatindex('public.suggestions_tenant_model')")

    assert rows[0]["avg_leaf_density"] < 70
    until(lambda: one(worn, scans) >= 1000)


def test_an_index_is_unused_and_one_was_left_behind_invalid(worn):
    unused = worn.execute(
        "select idx_scan, pg_relation_size(indexrelid) > 0 as filled from pg_stat_user_indexes "
        "where indexrelname = 'suggestions_legacy_source'"
    )
    invalid = worn.execute(
        "select indexrelid::regclass::text as name, pg_relation_size(indexrelid) > 0 as filled from pg_index "
        "where not indisvalid"
    )

    assert unused == [{"idx_scan": 0, "filled": True}]
    assert invalid == [{"name": "suggestions_accepted_ccnew", "filled": True}]


def test_the_materialized_views_are_behind_and_say_so(worn):
    rows = worn.execute(
        "select view_name from public.materialized_view_metadata where last_refreshed < now() - interval '1 day'"
    )
    missed = one(
        worn,
        "select (select count(*) from public.correction_logs where created_at >= now() - interval '365 days' "
        "and status <> 'deleted') - (select sum(total_corrections) from public.daily_tenant_metrics)",
    )

    assert len(rows) == 4
    assert missed != 0


def test_the_generator_leaves_nothing_of_its_own_behind(worn):
    assert one(worn, "select count(*) from pg_namespace where nspname = 'demo'") == 0
    assert one(worn, "select count(*) from public.suggestions where source = 'discarded import'") == 0


def test_the_same_scale_gives_the_same_data(cluster):
    digests = []
    for _ in range(2):
        found = cluster.create()
        demo.fill(found.target("postgres"), 0.001)
        digests.append(
            one(
                found,
                "select md5(string_agg(told, ',' order by told)) from (select tenant_id || status || rule_id || "
                "record_number as told from public.correction_logs) as each",
            )
        )
        cluster.drop(found)

    assert digests[0] == digests[1]
