"""A whole run over names that break whoever does not quote them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from tests.fixtures.hostile import FAMILY, SCHEMA, TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.database import TestDatabase
    from tests.fixtures.suite import Suite

LEAVES = "select count(*) as count from pg_inherits where inhparent = %s::regclass"


def test_every_table_and_family_is_maintained_whatever_its_name(
    suite: Suite, hostile_database: TestDatabase, tmp_path: Path
) -> None:
    path = tmp_path / "odd.toml"
    path.write_text('extends = "development"\n[minimum]\ntables = 14\n[vacuum]\nminimum_dead_rows = 100\n')
    family = sql.Identifier(SCHEMA, FAMILY).as_string()
    with hostile_database.connect() as conn:
        for name in TABLES:
            conn.execute(sql.SQL("delete from {} where id > 100").format(sql.Identifier(SCHEMA, name)))
    before = hostile_database.execute(LEAVES, (family,))[0]["count"]

    run = suite.run("daily", "--no-report", database=hostile_database, STEWARD_PROFILE=str(path))
    again = suite.run("daily", "--no-report", database=hostile_database, STEWARD_PROFILE=str(path))

    assert (0, 0) == (run.code, again.code), run.out + run.err
    assert {"passed"} == set(run.outcomes("vacuum").values())
    assert len(TABLES) == sum(subject.startswith('"Odd ""schema') for subject in run.outcomes("vacuum"))
    assert {"passed"} == set(run.outcomes("partitions").values())
    assert before < hostile_database.execute(LEAVES, (family,))[0]["count"]
    assert [] == [item["id"] for item in again.record["items"] if item["kind"] == "action"]
