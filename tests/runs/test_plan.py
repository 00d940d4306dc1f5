"""What `--plan` promises: it shows everything and changes nothing."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fixtures.database import TestDatabase
    from tests.fixtures.suite import Suite


def _whole(database: TestDatabase) -> str:
    """Return the whole database as text: schema, data, sequences."""
    dump = database.cluster.server.binaries.program("pg_dump")
    done = subprocess.run([dump, "--no-sync", "-d", database.conninfo()], capture_output=True, text=True, check=True)
    # pg_dump guards its own script with a token that is new every time.
    return "\n".join(line for line in done.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))


def test_plan_changes_nothing_in_the_whole_database_and_says_why_and_which_locks(
    suite: Suite, demo_database: TestDatabase
) -> None:
    before = _whole(demo_database)
    vacuums = "select relname, last_vacuum, last_analyze, vacuum_count from pg_stat_all_tables order by relid"
    counters = demo_database.execute(vacuums)

    run = suite.run("daily", "--plan", "--no-report", database=demo_database)

    assert 0 == run.code, run.err
    assert before == _whole(demo_database)
    assert counters == demo_database.execute(vacuums)
    actions = [item for item in run.record["items"] if item["kind"] == "action"]
    assert {"planned"} == {item["outcome"] for item in actions}
    assert all(item["why"] and item["statements"] for item in actions)
    assert all(statement["locks"] for item in actions for statement in item["statements"])


def test_the_plan_is_sql_that_a_dba_can_paste(suite: Suite, demo_database: TestDatabase) -> None:
    due = suite.run("daily", "--plan", "--no-report", database=demo_database)
    psql = demo_database.cluster.server.binaries.program("psql")

    pasted = subprocess.run(
        [psql, "-X", "-v", "ON_ERROR_STOP=1", "-d", demo_database.conninfo()],
        input=due.out,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (pasted.returncode, pasted.stderr)
    left = suite.run("daily", "--plan", "--no-report", database=demo_database).record["items"]
    now = [item for item in left if item["name"] in {"partitions", "vacuum"} and "once the earlier" not in item["why"]]
    assert [] == [(item["subject"], item["why"]) for item in now]


def test_the_plan_names_what_earlier_phases_would_make_due(suite: Suite, demo_database: TestDatabase) -> None:
    with demo_database.connect() as conn:
        conn.execute("vacuum")
        conn.execute("select pg_stat_force_next_flush()")
    planned = suite.run("daily", "--plan", "--no-report", database=demo_database)

    run = suite.run("daily", "--no-report", database=demo_database)

    later = {item["subject"] for item in planned.record["items"] if "once the earlier phases have run" in item["why"]}
    assert later
    assert later <= set(run.outcomes("vacuum"))
