"""The schema as it is built: what the catalog must show."""

from __future__ import annotations


def test_all_tables_force_row_security(database):
    rows = database.execute(
        "select relname from pg_class where relrowsecurity and relforcerowsecurity and relnamespace = 'public'::regnamespace order by 1"
    )

    assert ["correction_logs", "rule_sets", "rule_versions", "suggestions"] == [row["relname"] for row in rows]


def test_demo_leaves_work(demo_database):
    rows = demo_database.execute("select sum(n_dead_tup) as dead from pg_stat_user_tables")

    assert rows[0]["dead"] > 0
