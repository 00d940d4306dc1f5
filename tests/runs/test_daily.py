"""The main job on real input: a whole daily run by a login role without superuser, and the one after it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from jsonschema import Draft202012Validator
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.fixtures.retention import suggest
from tests.fixtures.suite import Suite

if TYPE_CHECKING:
    from tests.fixtures.database import TestDatabase
    from tests.fixtures.shared import SharedRun

SCHEMA = Path(__file__).resolve().parents[2] / "reports" / "schema" / "run.schema.json"
DONE = ("snapshots", "partitions", "purge", "vacuum", "leftovers", "matviews")


def test_daily_does_all_that_is_due_and_proves_it(daily_runs: tuple[SharedRun, ...]) -> None:
    run = daily_runs[0].run

    assert (0, "") == (run.code, run.err)
    assert {name: {"passed"} for name in DONE} == {name: set(run.outcomes(name).values()) for name in DONE}
    assert {"passed", "not needed"} == set(run.outcomes("reindex").values())
    # Before 18 an analyze of a parent takes its leaves along.
    assert {"passed"} == set(run.outcomes("analyze").values()) - {"not needed"}
    assert 4 == len(run.outcomes("matviews"))
    assert run.record["totals"]["warned"] > 0, "the demo data has faults to teach with"


def test_the_second_daily_finds_nothing_left_to_do(daily_runs: tuple[SharedRun, ...]) -> None:
    run = daily_runs[1].run

    # An index of a view that the first one has refreshed after its indexes may have grown enough to be read once more.
    acted = [item for item in run.record["items"] if item["kind"] == "action" and item["outcome"] != "not needed"]
    assert (run.code, acted) == (0, [])
    assert all(part["examined"] > 0 for phase in run.record["phases"] for part in phase["examined"])


def test_the_record_keeps_its_schema_and_is_for_its_owner_only(daily_runs: tuple[SharedRun, ...]) -> None:
    for shared in daily_runs:
        Draft202012Validator(json.loads(SCHEMA.read_text())).validate(shared.run.record)

        assert {} == {path: mode for path, mode in shared.modes.items() if mode & 0o077}
        assert 0o700 == shared.modes[str(shared.run.folder)]
        assert shared.latest


def test_every_lane_is_one_worker_and_lanes_run_side_by_side(daily_runs: tuple[SharedRun, ...]) -> None:
    run = daily_runs[0].run
    lanes = {item["id"]: (item["phase"], item["lane"]) for item in run.record["items"]}

    workers: dict[tuple[str, str], set[int]] = {}
    for event in Suite.events(run.folder):
        if event["event"] == "item_started":
            workers.setdefault(lanes[event["item"]], set()).add(event["pid"])

    assert {1} == {len(pids) for pids in workers.values()}
    assert len({pid for (phase, _), pids in workers.items() if phase == "tables" for pid in pids}) == 2


def test_the_log_has_one_row_a_run_and_one_an_operation(daily_runs: tuple[SharedRun, ...]) -> None:
    first, _ = daily_runs

    acted = [item for item in first.run.record["items"] if item["kind"] == "action" and item["outcome"] != "not needed"]
    runs = [row for row in first.log if row["maintenance_type"] == "daily_maintenance"]
    operations = [row for row in first.log if row not in runs]

    assert 1 == len(runs)
    assert first.run.record["status"] == runs[0]["details"]["status"]
    assert first.run.record["canary"] == runs[0]["details"]["canary"]
    assert len(acted) == len(operations)
    assert all(row["completed_at"] for row in (*runs, *operations))


def test_a_run_of_some_items_does_not_clear_what_an_older_run_left(suite: Suite, database: TestDatabase) -> None:
    database.execute(
        "insert into public.maintenance_log (maintenance_type, started_at, details)"
        ' values (\'daily_maintenance\', now(), \'{"status": "failed", "error": "purge failed"}\')'
    )

    picked = suite.run("daily", "-k", "prerequisites", "--no-report", database=database)

    statement = (
        "select details ->> 'selection' as picked, completed_at is null as open from public.maintenance_log order by id"
    )
    rows = database.execute(statement)
    assert (0, [(None, True), ("-k prerequisites", False)]) == (picked.code, [tuple(row.values()) for row in rows])


def test_no_file_of_a_run_quotes_a_row(suite: Suite, database: TestDatabase, tmp_path: Path) -> None:
    suggest(database, 2)
    database.execute(
        "create function public.refuse() returns trigger language plpgsql as"
        " 'begin raise unique_violation using detail = ''Key (email)=(somebody@example.com)''; end'"
    )
    database.execute("create trigger t before delete on public.suggestions for each row execute function refuse()")
    profile = tmp_path / "own.toml"
    allowed = '[retention.rules.expired_suggestions]\nallow_triggers = ["public.suggestions.t"]'
    profile.write_text(f'extends = "development"\n{allowed}\n')

    ended = suite.run("daily", "-k", "purge", "--no-report", database=database, STEWARD_PROFILE=str(profile))

    assert {"error"} == set(ended.outcomes("purge").values())
    files = [path for path in ended.folder.rglob("*") if path.is_file()]
    assert [] == [path.name for path in files if "somebody@" in path.read_text()]


def test_a_deferral_too_many_in_a_row_is_a_failure_but_of_what_was_not_due_in_between(
    suite: Suite, demo_database: TestDatabase
) -> None:
    words = ("daily", "--no-report", "--window", "0s")
    codes = [suite.run(*words, database=demo_database).code for _ in range(2)]
    waiting = "select count(*) as count from steward.deferral where object like 'partitions %%'"
    before = demo_database.execute(waiting, {})[0]["count"]
    with demo_database.connect() as conn:
        conn.execute("set role validahub_owner")
        for month in conn.execute(
            "select to_char(now() + interval '1 month', 'YYYY_MM') as name, "
            "date_trunc('month', now() + interval '1 month')::text as lower, "
            "date_trunc('month', now() + interval '2 months')::text as upper"
        ).fetchall():
            conn.execute(
                sql.SQL("create table {} partition of correction_logs for values from ({}) to ({})").format(
                    sql.Identifier(f"correction_logs_{month['name']}"), month["lower"], month["upper"]
                )
            )

    codes.append(suite.run(*words, database=demo_database).code)

    assert [3, 3, 1] == codes
    assert (1, 0) == (before, demo_database.execute(waiting, {})[0]["count"])


def test_checks_alone_write_nothing_and_leave_no_row(checks_run: SharedRun) -> None:
    rows = [row for row in checks_run.log if row["maintenance_type"] == "daily_maintenance"]

    assert (0, []) == (checks_run.run.code, rows)
    assert {"check"} == {item["kind"] for item in checks_run.run.record["items"]}


def test_a_service_file_names_the_database(suite: Suite, database: TestDatabase, tmp_path: Path) -> None:
    words = conninfo_to_dict(database.conninfo("validahub_maintenance"))
    file = tmp_path / "pg_service.conf"
    file.write_text("\n".join(["[shop]", *(f"{key}={value}" for key, value in words.items())]))
    named = {"PGSERVICEFILE": str(file), "PGSERVICE": "shop", "STEWARD_PROFILE": "development"}

    # Without a row nothing can be proved of tenants, which is no pass.
    run = suite.run("checks", "--no-report", "-m", "not isolation", database=None, **named)

    assert (0, database.name) == (run.code, run.record["target"]["database"])
    assert "service shop" in run.record["target"]["label"]


def test_libpq_variables_name_the_database(suite: Suite, database: TestDatabase) -> None:
    words = conninfo_to_dict(database.conninfo("validahub_maintenance"))
    named = {"PGHOST": words["host"], "PGPORT": words["port"], "PGUSER": words["user"], "PGDATABASE": words["dbname"]}

    named["STEWARD_PROFILE"] = "development"
    run = suite.run("checks", "--no-report", "-m", "not isolation", database=None, **named)

    assert (0, database.name) == (run.code, run.record["target"]["database"])
