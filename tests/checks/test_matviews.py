"""Materialized views that are old, empty, filtered or in their readers' way: planted, and healthy."""

from __future__ import annotations

import pytest
from psycopg import sql

from checks import test_matviews as runbook
from steward.actions import matview_state
from tests.fixtures.running import changed

HOSTILE = 'Odd "x"; drop %(a)s.{b} é'


@pytest.fixture
def fresh(database):
    """Every materialized view has just been refreshed."""
    database.execute(
        "insert into public.materialized_view_metadata select matviewname, now(), 1, 0.1 from pg_matviews"
        " on conflict (view_name) do update set last_refreshed = excluded.last_refreshed"
    )
    return database


@pytest.fixture
def checked(fresh, settings, checking):
    """Run a query of the check and return its offenders' names and what was observed."""

    def run(query, settings=settings, **params):
        check = checking(fresh, settings)
        parameters = {**matview_state.query_params(check), **params}
        return {
            finding.object_name: finding
            for finding in check.run(query, matview_state.query_parts(check), **parameters).offenders
        }

    return run


def refreshed(database, name, ago):
    database.execute(
        "update public.materialized_view_metadata set last_refreshed = now() - %s::interval where view_name = %s",
        [ago, name],
    )


# What each item of the runbook fails on.
PLANTED = {
    "critical": ["update public.materialized_view_metadata set last_refreshed = now() - interval '7 hours'"],
    "stale": ["update public.materialized_view_metadata set last_refreshed = now() - interval '25 hours'"],
    "unpopulated": ["refresh materialized view public.rule_effectiveness with no data"],
    "owners": ["alter materialized view public.rule_effectiveness owner to validahub_owner"],
    "keys": [
        "update public.materialized_view_metadata set refresh_duration_seconds = 2.5",
        "drop index public.rule_effectiveness_key",
    ],
    "records": ["insert into public.materialized_view_metadata values ('gone', now(), 1, 1)"],
}


@pytest.mark.parametrize("item", PLANTED)
def test_an_item_fails_on_its_fault_and_passes_without(fresh, settings, checking, item):
    judged = getattr(runbook, f"test_{item}")
    judged(checking(fresh, settings))
    for statement in PLANTED[item]:
        fresh.execute(statement)
    check = checking(fresh, settings)
    with pytest.raises(AssertionError):
        judged(check)

    assert check.offenders


def test_views_that_are_fresh_are_no_finding(checked):
    assert {} == checked("matviews_stale", critical=True)
    assert {} == checked("matviews_stale", critical=False)


@pytest.mark.parametrize(
    ("name", "old", "young", "critical"),
    [("rule_effectiveness", "7 hours", "5 hours", True), ("field_correction_patterns", "25 hours", "23 hours", False)],
)
def test_a_view_older_than_its_own_limit_is_found_by_its_severity(fresh, checked, *, name, old, young, critical):
    refreshed(fresh, name, old)
    found = checked("matviews_stale", critical=critical)

    assert [f"public.{name}"] == list(found)
    assert found[f"public.{name}"].observed.startswith("refreshed ")
    assert {} == checked("matviews_stale", critical=not critical)

    refreshed(fresh, name, young)

    assert {} == checked("matviews_stale", critical=critical)


def test_a_view_without_any_record_is_found(fresh, checked):
    fresh.execute(sql.SQL("create materialized view public.{} as select 1 as n").format(sql.Identifier(HOSTILE)))
    found = checked("matviews_stale", critical=False)

    assert ["no refresh on record"] == [finding.observed for finding in found.values()]
    assert [sql.SQL("public.{}").format(sql.Identifier(HOSTILE)).as_string(None)] == list(found)


def test_views_that_the_profile_leaves_out_are_left_out(fresh, settings, checked):
    fresh.execute("create materialized view public.mine as select 1 as n with no data")
    without = changed(settings, target={"exclude": ("steward.*", "public.mine")})

    assert ["public.mine"] == list(checked("matviews_unpopulated"))
    assert {} == checked("matviews_unpopulated", settings=without)
    assert {} == checked("matviews_stale", settings=without, critical=False)


def test_a_view_that_holds_nothing_is_found_until_it_is_refreshed(fresh, checked):
    assert {} == checked("matviews_unpopulated")

    fresh.execute("refresh materialized view public.rule_effectiveness with no data")

    assert ["public.rule_effectiveness"] == list(checked("matviews_unpopulated"))


def test_owners_that_see_every_row_are_no_finding(checked):
    assert {} == checked("matviews_owners")


def test_an_owner_that_row_security_filters_is_found_with_the_remedy(fresh, checked):
    fresh.execute("grant create on schema public to validahub_app")
    fresh.execute("alter materialized view public.rule_effectiveness owner to validahub_app")
    found = checked("matviews_owners")["public.rule_effectiveness"]

    assert "read as validahub_app, from whom rows are hidden" == found.observed
    assert "public.correction_logs, public.rule_sets, public.rule_versions" in found.detail
    assert found.remediation.startswith("alter role validahub_app bypassrls")


def test_the_tables_owner_is_filtered_only_where_row_security_is_forced(fresh, checked):
    fresh.execute("alter materialized view public.rule_effectiveness owner to validahub_owner")

    assert ["public.rule_effectiveness"] == list(checked("matviews_owners"))

    for table in ("correction_logs", "rule_sets", "rule_versions"):
        fresh.execute(sql.SQL("alter table public.{} no force row level security").format(sql.Identifier(table)))

    assert {} == checked("matviews_owners")


def test_a_plain_view_in_between_reads_as_its_own_owner(fresh, checked):
    fresh.execute("create view public.narrow as select * from public.suggestions")
    fresh.execute("alter view public.narrow owner to validahub_app")
    fresh.execute("create materialized view public.mine as select id from public.narrow with no data")
    fresh.execute("alter materialized view public.mine owner to validahub_system")

    assert ["public.mine"] == list(checked("matviews_owners"))


def test_an_invokers_view_in_between_reads_as_the_materialized_views_owner(fresh, cluster, checked):
    if cluster.version < 15:
        pytest.skip("security_invoker came with 15")
    fresh.execute("create view public.narrow with (security_invoker = on) as select * from public.suggestions")
    fresh.execute("alter view public.narrow owner to validahub_app")
    fresh.execute("create materialized view public.mine as select id from public.narrow with no data")
    fresh.execute("alter materialized view public.mine owner to validahub_system")

    assert {} == checked("matviews_owners")


def test_a_view_without_a_key_is_found_when_its_refresh_lasts(fresh, checked):
    fresh.execute("drop index public.rule_effectiveness_key")

    assert {} == checked("matviews_keys", limit=0.25)

    fresh.execute("update public.materialized_view_metadata set refresh_duration_seconds = 2.5")

    assert ["public.rule_effectiveness"] == list(checked("matviews_keys", limit=0.25))


def test_an_index_that_concurrently_does_not_accept_is_no_key(fresh, checked):
    fresh.execute("update public.materialized_view_metadata set refresh_duration_seconds = 2.5")
    fresh.execute("drop index public.daily_tenant_metrics_key")
    key = "create unique index on public.daily_tenant_metrics ({}) {}"
    for columns, condition in (
        ("tenant_id, metric_date", "where metric_date > '2020-01-01'"),
        ("(tenant_id || ''), metric_date", ""),
    ):
        fresh.execute(sql.SQL(key.format(columns, condition)))

    assert ["public.daily_tenant_metrics"] == list(checked("matviews_keys", limit=0.25))


def test_a_record_without_a_view_is_found(fresh, checked):
    assert {} == checked("matviews_records")

    fresh.execute("insert into public.materialized_view_metadata values ('it''s gone', now(), 1, 1)")
    found = checked("matviews_records")

    assert ["it's gone"] == list(found)
    assert (
        "delete from public.materialized_view_metadata where view_name = 'it''s gone'" == found["it's gone"].remediation
    )
