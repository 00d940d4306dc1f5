from __future__ import annotations

import json
import subprocess
import sys

import pytest

from steward import StewardError
from steward.record import provenance
from tests.fixtures.house import RUNBOOK, job

CHECK = '''"""Jobs that were done are counted."""
import pytest

pytestmark = [
    pytest.mark.{schedule},
    pytest.mark.severity("{severity}"),
    pytest.mark.controls("configuration"),
]


def test_{name}(check):
    """Nothing is left over."""
    assert not check.run("history_open", schedules="[]").offenders
'''


def pytest_in(root, *words: str, **environ: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environ or None,
    )


def outcomes(run: dict) -> dict[str, str]:
    return {item["subject"] or item["name"]: item["outcome"] for item in run["items"]}


def reasons(run: dict) -> dict[str, str]:
    return {item["subject"] or item["name"]: item["reason"] for item in run["items"]}


@pytest.mark.parametrize("words", [["maintenance", "checks"], ["."], ["maintenance/test_vacuum.py"]])
def test_bare_pytest_in_a_checkout_touches_no_runbook(words):
    done = pytest_in(provenance.ROOT, "--collect-only", "-q", *words, "--ignore=tests")
    collected = [line for line in done.stdout.splitlines() if line.startswith(("maintenance/", "checks/"))]

    assert collected == []
    assert done.returncode in {4, 5}


def test_markers_of_runbooks_are_known_outside_a_run():
    done = pytest_in(provenance.ROOT, "--markers")

    for marker in ("daily", "phase(name, step)", "needs(operation)", "severity(level)", "controls(topic)"):
        assert f"@pytest.mark.{marker}:" in done.stdout


def test_item_is_recorded_with_its_start_its_statements_and_its_one_outcome(house):
    run = house.run(job("a", "select 41 + 1"))
    [item] = run["items"]

    assert item["outcome"] == "passed"
    assert item["reason"] is None
    assert item["started_at"] is not None
    assert item["duration_seconds"] > 0
    assert item["statements"][0]["text"] == "select 41 + 1"
    assert (item["before"], item["after"]) == ({"times": 0}, {"times": 1})
    assert (item["title"], item["why"], item["lane"]) == ("The job is done once.", "asked for", "a")
    assert run["reconciliation"] == {"planned": 1, "recorded": 1, "missing": [], "unplanned": [], "repeated": []}


def test_every_way_to_end_is_one_outcome(house):
    house.database.execute("insert into public.did (label) values ('done')")
    run = house.run(job("good"), job("done"), job("wrong", "select 1 / 0"), job("again"))

    assert outcomes(run) == {"good": "passed", "done": "not needed", "wrong": "error", "again": "passed"}
    assert reasons(run)["wrong"] == "wrong: division by zero (SQLSTATE 22012)"


def test_item_whose_fact_does_not_hold_has_failed(house):
    house.write("maintenance/test_small.py", RUNBOOK.replace("times == 1", "times == 2"))
    run = house.run(job("a"))

    assert outcomes(run) == {"a": "failed"}
    assert reasons(run)["a"].startswith("a: assert 1 == 2")
    assert reasons(run)["a"].endswith("expected: The job is done once.")


def test_item_after_one_that_lost_its_connection_has_a_new_one(house):
    lost = "reset role; select pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())"
    run = house.run(job("a", lost, cost=9), job("b"))
    open_intents = house.database.execute("select object from steward.intent where settled_at is null")

    assert outcomes(run) == {"a": "error", "b": "passed"}
    assert "(SQLSTATE 57P01)" in reasons(run)["a"]
    assert open_intents == [{"object": "a"}]


def test_plan_mode_shows_statements_and_does_nothing(house):
    before = house.database.execute("select * from steward.intent")
    run = house.run(job("a", "select 41 + 1"), mode="plan")
    [item] = run["items"]

    assert item["outcome"] == "planned"
    assert [statement["text"] for statement in item["statements"]] == [
        "select 41 + 1",
        "insert into public.did (label) values ('a')",
    ]
    assert house.did() == []
    assert house.database.execute("select * from steward.intent") == before == []


def test_items_of_a_phase_go_by_their_step_and_not_by_their_file(house):
    house.write("maintenance/test_small.py", RUNBOOK.replace("step=20", "step=30"))
    house.write("maintenance/test_zz.py", RUNBOOK.replace("test_small", "test_zz").replace("step=20", "step=10"))
    house.begin(job("a"))
    plan = house.launcher().collect("tables")

    assert [item.name for item in plan.items] == ["zz", "small"]


@pytest.mark.parametrize("marker", ['phase(name="tables", step=7)', 'phase("tables", 7)', 'phase("tables", step=7)'])
def test_phase_may_be_written_in_every_way_that_python_allows(house, marker):
    house.write("maintenance/test_small.py", RUNBOOK.replace('phase("tables", step=20)', marker))
    house.begin(job("a"))
    [item] = house.launcher().collect("tables").items

    assert (item.phase, item.step) == ("tables", 7)


def test_items_of_other_phases_and_schedules_are_left_out_and_their_phases_named(house):
    house.write("maintenance/test_weekly.py", RUNBOOK.replace("daily", "weekly").replace("test_small", "test_weekly"))
    house.write("checks/test_all.py", CHECK.format(name="all", schedule="daily", severity="minor"))
    house.begin(job("a"))
    plan = house.launcher().collect("tables")

    assert [item.name for item in plan.items] == ["small"]
    assert plan.phases == ("tables", "verify")


def test_checks_alone_run_every_check_whatever_its_schedule_and_no_action(house):
    house.write("checks/test_some.py", CHECK.format(name="some", schedule="weekly", severity="minor"))
    run = house.run(job("a"), phase="verify", schedule="checks")
    [item] = run["items"]

    assert (item["name"], item["kind"], item["outcome"]) == ("some", "check", "passed")
    assert (item["severity"], item["controls"]) == ("minor", ["ISO-27001-A.8.9", "SOC2-CC7.1"])
    assert item["statements"][0]["text"].splitlines()[0] == "-- sql/checks/history_open.sql"
    assert house.did() == []


def test_check_is_read_only(house):
    house.write(
        "checks/test_writes.py",
        CHECK.format(name="writes", schedule="daily", severity="minor").replace(
            "assert not", "check._connect().execute('delete from public.did')\n    assert not"
        ),
    )
    run = house.run(phase="verify")

    assert outcomes(run) == {"writes": "error"}
    assert "SQLSTATE 25006" in reasons(run)["writes"]


@pytest.mark.parametrize(
    ("original", "changed", "message"),
    [
        ('needs("small")', 'needs("smal")', "test_small.py::test_small needs smal, which is no operation"),
        ('phase("tables"', 'phase("tabels"', "is in the unknown phase tabels (known: prepare, purge, tables,"),
        ('phase("tables"', 'phase("indexes"', "is in another phase than its operation small"),
    ],
)
def test_runbook_that_contradicts_its_operation_is_refused_before_anything_acts(house, original, changed, message):
    house.write("maintenance/test_small.py", RUNBOOK.replace(original, changed))
    house.begin(job("a"))
    with pytest.raises(StewardError) as caught:
        house.launcher().collect("tables")

    assert message in str(caught.value)
    assert caught.value.exit_code == 2
    assert house.did() == []


def test_operation_without_needs_is_refused_for_an_unknown_phase_too(house):
    house.write(
        "checks/test_lost.py",
        CHECK.format(name="lost", schedule="daily", severity="minor").replace(
            "pytest.mark.daily", 'pytest.mark.daily, pytest.mark.phase("verfy")'
        ),
    )
    house.begin(job("a"))

    with pytest.raises(StewardError, match="unknown phase verfy"):
        house.launcher().collect("tables")


def test_unknown_topic_of_controls_is_refused_before_anything_acts(house):
    text = CHECK.format(name="lost", schedule="daily", severity="minor").replace("configuration", "kapacity")
    house.write("checks/test_lost.py", text)
    house.begin(job("a"))

    with pytest.raises(StewardError, match="unknown topic kapacity of controls"):
        house.launcher().collect("verify")


def test_every_process_collects_the_same(house):
    run = house.run(*(job(f"public.\"Odd ''{number}'' [x] ção\"") for number in range(6)), workers=2)

    assert set(outcomes(run).values()) == {"passed"}
    assert len(run["items"]) == 6
    assert run["reconciliation"]["unplanned"] == []


def test_journal_of_a_phase_can_be_read_by_other_programs(house):
    house.run(job("a"))
    lines = (house.run_dir / "journal.jsonl").read_text().splitlines()

    assert [json.loads(line)["event"] for line in lines][-1] == "outcome"
