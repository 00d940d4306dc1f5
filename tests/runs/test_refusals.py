"""What stops a run before it begins: one line that says why, and exit code 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.fixtures.database import TestDatabase
from tests.fixtures.running import until
from tests.fixtures.standby import caught_up

if TYPE_CHECKING:
    from pathlib import Path

    from steward.database.target import Target
    from tests.fixtures.database import Cluster
    from tests.fixtures.suite import Finished, Suite


def _said(run: Finished) -> str:
    """Return the one line of the error; a traceback or a second line is a bug."""
    lines = run.err.strip().splitlines()
    assert 1 == len(lines), run.err
    return lines[0]


def test_a_cron_job_that_lost_its_url_does_not_maintain_a_toy(suite: Suite) -> None:
    run = suite.run("daily", database=None, STEWARD_PROFILE="production")

    assert 2 == run.code
    assert "DATABASE_URL" in _said(run)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("host=/nowhere dbname=x", "/nowhere"),
        ("postgresql://nobody:s3cret-word@{socket}/postgres", "nobody"),
        ("postgresql://postgres:s3cret-word@{socket}/absent", "absent"),
        ("postgresql://[broken", "DATABASE_URL"),
    ],
)
def test_a_database_that_cannot_be_reached_is_told_in_one_line(
    suite: Suite, database: TestDatabase, url: str, message: str
) -> None:
    folder = conninfo_to_dict(database.conninfo())["host"].replace("/", "%2F")

    run = suite.run("daily", database=database, DATABASE_URL=url.format(socket=folder))

    assert 2 == run.code
    assert message in _said(run)
    assert "s3cret-word" not in run.err + run.out


def test_a_standby_is_refused_in_one_line(suite: Suite, own_cluster: Cluster, standby: Cluster) -> None:
    database = own_cluster.create(own_cluster.template("empty"))
    until(lambda: caught_up(own_cluster))

    run = suite.run("daily", database=TestDatabase(database.name, standby))

    assert 2 == run.code
    assert "the server is a standby in recovery; name the primary in DATABASE_URL" in _said(run)


def test_a_pooler_is_refused_in_one_line_whatever_its_mode(
    suite: Suite, database: TestDatabase, pooled: Target
) -> None:
    run = suite.run("daily", database=database, DATABASE_URL=pooled.conninfo)

    assert 2 == run.code
    assert "goes through a pooler" in _said(run)
    assert [] == database.execute("select 1 from public.maintenance_log")


def test_a_role_without_rights_gets_exactly_the_statements_that_are_missing(suite: Suite, blank: TestDatabase) -> None:
    run = suite.run("daily", database=blank)
    statements = [line for line in run.err.splitlines() if not line.startswith("steward: ")]

    assert 2 == run.code
    assert any("maintenance_log" in statement for statement in statements)
    assert "Traceback" not in run.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('extends = "base"\n[run]\nworker = 3\n', "run.workers"),
        ('extends = "base"\n[run]\nworkers = "many"\n', "run.workers"),
        ('extends = "bse"\n', "base"),
    ],
)
def test_a_profile_that_is_wrong_is_told_with_file_and_key(
    suite: Suite, database: TestDatabase, tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)

    run = suite.run("daily", database=database, STEWARD_PROFILE=str(path))

    assert 2 == run.code
    assert message in _said(run)
    assert "mine.toml" in _said(run)


def test_an_empty_inventory_is_a_failure_and_not_a_pass(suite: Suite, database: TestDatabase) -> None:
    with database.connect() as conn:
        conn.execute("alter schema public rename to hidden")
        conn.execute("create schema public")

    run = suite.run("checks", database=database)

    assert 2 == run.code
    assert "Traceback" not in run.err


def test_minimum_inventory_names_what_is_missing(suite: Suite, database: TestDatabase, tmp_path: Path) -> None:
    path = tmp_path / "much.toml"
    path.write_text('extends = "development"\n[minimum]\ntables = 400\n')

    run = suite.run("checks", database=database, STEWARD_PROFILE=str(path))

    assert 2 == run.code
    assert "tables" in _said(run)
