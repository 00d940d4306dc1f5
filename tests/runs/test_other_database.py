"""A database that the suite has never seen, from nothing to a green daily run and one with nothing left to do."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from steward import profile
from tests.fixtures import foreign

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.database import TestDatabase
    from tests.fixtures.foreign import Foreign
    from tests.fixtures.suite import Suite

DATABASES = {"plain": foreign.plain, "calendars": foreign.calendars, "trees": foreign.trees}


@pytest.fixture(params=sorted(DATABASES))
def strange(request: pytest.FixtureRequest, blank: TestDatabase) -> Foreign:
    made = DATABASES[request.param]()
    foreign.plant(blank, made)
    return made


def maintained(suite: Suite, database: TestDatabase, chosen: Path, made: Foreign) -> None:
    """Hold a database against what an operator expects: bootstrap, a green run, and one with nothing to do."""
    named = {"database": database, "STEWARD_PROFILE": str(chosen)}
    assert 0 == suite.run("bootstrap", user="postgres", **named).code

    run = suite.run("daily", "--no-report", user="steward", **named)
    again = suite.run("daily", "--no-report", user="steward", **named)

    assert (0, 0) == (run.code, again.code), run.out + run.err + again.out
    assert {"passed"} == set(run.outcomes("partitions").values())
    for action, subjects in made.done.items():
        assert dict.fromkeys(subjects, "passed").items() <= run.outcomes(action).items(), action
    for (schema, table), expected in made.coming.items():
        assert set(expected) <= set(foreign.partitions(database, schema, table)), (schema, table)
    assert [] == [item["id"] for item in again.record["items"] if item["kind"] == "action"]
    findings = [
        (item["id"], finding["object_name"], finding["observed"])
        for item in again.record["items"]
        if "partitions" in item["id"]
        for finding in item["findings"]
    ]
    assert [] == findings


def test_a_profile_of_a_few_lines_suffices(suite: Suite, blank: TestDatabase, strange: Foreign, tmp_path: Path) -> None:
    chosen = tmp_path / "own.toml"
    chosen.write_text(f'extends = "any"\n{strange.profile}')
    assert len(chosen.read_text().splitlines()) <= 20

    maintained(suite, blank, chosen, strange)


def test_the_profile_that_is_written_for_it_can_be_used_as_it_stands(
    suite: Suite, blank: TestDatabase, strange: Foreign, tmp_path: Path
) -> None:
    chosen = tmp_path / "first.toml"
    written = suite.run("profile", "--output", str(chosen), database=blank, user="postgres")

    assert (0, "") == (written.code, written.err)
    assert 0o600 == stat.S_IMODE(chosen.stat().st_mode)
    assert {} == profile.load(str(chosen)).retention.rules
    maintained(suite, blank, chosen, strange)


def test_a_plan_shows_what_is_missing_as_long_as_nothing_is_done_about_it(
    suite: Suite, blank: TestDatabase, tmp_path: Path
) -> None:
    made, chosen = foreign.calendars(), tmp_path / "own.toml"
    foreign.plant(blank, made)
    chosen.write_text(f'extends = "any"\n{made.profile}')
    named = {"database": blank, "STEWARD_PROFILE": str(chosen)}
    suite.run("bootstrap", user="postgres", **named)

    plan = suite.run("daily", "--plan", "--no-report", user="steward", **named)

    assert 1 == plan.code
    assert {"planned"} == set(plan.outcomes("partitions").values())
    assert f"points_p{foreign.month(1):%Y%m}" not in foreign.partitions(blank, "public", "points")


def test_a_first_profile_is_printed_where_no_file_is_named(suite: Suite, blank: TestDatabase) -> None:
    foreign.plant(blank, foreign.tenants())

    printed = suite.run("profile", database=blank, user="postgres")

    assert 0 == printed.code
    assert 'setting = "shop.current"' in printed.out
    assert blank.conninfo() not in printed.out


def test_a_first_profile_needs_a_database_and_a_file_of_its_own(
    suite: Suite, blank: TestDatabase, tmp_path: Path
) -> None:
    foreign.plant(blank, foreign.tenants())
    own = tmp_path / "own.toml"
    own.write_text("mine")

    nowhere = suite.run("profile", database=None)
    taken = suite.run("profile", "--output", str(own), database=blank, user="postgres")

    assert (2, 2, "mine") == (nowhere.code, taken.code, own.read_text())
    assert "no database is named" in nowhere.err
    assert "the file is there already" in taken.err
