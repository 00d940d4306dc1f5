"""What befalls a run while it goes on: told in one line, the rest is done, and the next run converges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fixtures.retention import suggest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.database import TestDatabase
    from tests.fixtures.suite import Suite


def test_a_count_that_outlasts_the_window_defers_what_it_was_for(
    suite: Suite, database: TestDatabase, tmp_path: Path
) -> None:
    suggest(database, 3)
    database.execute(
        "insert into steward.legal_hold (table_name, predicate, owner, reason)"
        " values ('suggestions', '(select pg_sleep(120)) is null', 'a court', 'a test')"
    )
    profile = tmp_path / "hasty.toml"
    profile.write_text('extends = "development"\n[run]\ncancel_grace = "1s"\n')

    run = suite.run(
        "daily", "-k", "purge", "--window", "2s", "--no-report", database=database, STEWARD_PROFILE=str(profile)
    )

    [item] = [item for item in run.record["items"] if "suggestions" in item["subject"]]
    assert (3, "deferred") == (run.code, item["outcome"])
    assert "not counted, since cancelled while it ran: the maintenance window ended at" in item["why"]
    assert run.record["duration_seconds"] < 60
