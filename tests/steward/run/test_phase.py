from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import time

import pytest

from steward import StewardError
from steward.record import journal
from steward.record.plan import OperationSummary, Plan
from steward.run import phase
from tests.fixtures.house import group, job, script
from tests.fixtures.running import until

LONG = "select pg_catalog.pg_sleep(300)"

# A supervisor that can be killed: it starts a phase and waits for ever.
SUPERVISOR = """
import json, os, sys, time
from pathlib import Path
from steward.run.phase import Launcher
run_dir, root, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
with Launcher(run_dir, os.environ, (), root).running("tables", workers) as process:
    print(process.pid, flush=True)
    time.sleep(600)
"""

# A phase that writes down the signals that it gets, and ends at the last one that it waits for.
SIGNALLED = """
import signal, sys, time
received, last = open(sys.argv[1], "a"), sys.argv[2]
def receive(number, frame):
    received.write(signal.Signals(number).name + "\\n")
    received.flush()
    if signal.Signals(number).name == last:
        sys.exit(7)
signal.signal(signal.SIGINT, receive)
signal.signal(signal.SIGUSR1, receive)
received.write("ready\\n")
received.flush()
while True:
    time.sleep(0.01)
"""


@pytest.fixture
def signalled(tmp_path):
    """Start a process that ends at a signal; returns it, the file of its signals, and a way to cancel what it does."""
    started = []

    def start(last: str):
        received = tmp_path / "received"
        process = subprocess.Popen(script(SIGNALLED, str(received), last), start_new_session=True)
        started.append(process)
        until(lambda: received.exists() and received.read_text() == "ready\n")
        return process, received

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_phase_that_ends_when_its_statements_are_cancelled_gets_no_signal(signalled):
    process, received = signalled("SIGUSR1")
    phase.end(process, lambda: process.send_signal(signal.SIGUSR1), 10)

    assert received.read_text().split() == ["ready", "SIGUSR1"]
    assert process.poll() == 7


def test_phase_that_goes_on_after_the_cancel_is_interrupted(signalled):
    process, received = signalled("SIGINT")
    began = time.monotonic()
    phase.end(process, lambda: process.send_signal(signal.SIGUSR1), 0.3)

    assert received.read_text().split() == ["ready", "SIGUSR1", "SIGINT"]
    assert process.poll() == 7
    assert time.monotonic() - began >= 0.3


def test_phase_that_goes_on_after_all_is_killed(signalled):
    process, received = signalled("never")
    began = time.monotonic()
    phase.end(process, lambda: process.send_signal(signal.SIGUSR1), 0.3)

    assert received.read_text().split() == ["ready", "SIGUSR1", "SIGINT"]
    assert process.poll() == -signal.SIGKILL
    assert 0.6 <= time.monotonic() - began < 5


def test_stopped_phase_is_killed(signalled):
    process, _ = signalled("SIGINT")
    process.send_signal(signal.SIGSTOP)
    phase.end(process, lambda: None, 0.2)

    assert process.poll() == -signal.SIGKILL


def test_worker_that_is_stopped_does_not_hold_the_run_for_ever(house):
    house.begin(job("a", LONG), job("b", LONG))
    launcher = house.launcher()
    launcher.collect("tables")
    with launcher.running("tables", 2) as process:
        until(lambda: sleeping(house.database) == 2)
        for pid in group(process.pid):
            if pid != process.pid:
                os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        phase.end(process, lambda: None, 0.5)
        until(lambda: not group(process.pid))
        took = time.monotonic() - began

    assert process.poll() == -signal.SIGKILL
    assert took < 5
    until(lambda: sleeping(house.database) == 0)


def sleeping(database) -> int:
    rows = database.execute(
        "select count(*) as it from pg_catalog.pg_stat_activity "
        "where state = 'active' and query like %s and pid <> pg_catalog.pg_backend_pid()",
        [f"{LONG}%"],
    )
    return rows[0]["it"]


def test_phase_that_is_left_leaves_no_worker_behind(house):
    house.begin(job("a", LONG), job("b", LONG))
    launcher = house.launcher()
    launcher.collect("tables")
    with launcher.running("tables", 2) as process:
        until(lambda: sleeping(house.database) == 2)
        alive = group(process.pid)
    began = time.monotonic()
    until(lambda: not group(process.pid))

    assert len(alive) == 3
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_goes_on_when_the_supervisor_is_killed(house, workers):
    house.begin(job("a", LONG), job("b", LONG))
    house.launcher().collect("tables")
    supervisor = subprocess.Popen(
        script(SUPERVISOR, str(house.run_dir), str(house.root), str(workers)),
        env=dict(house.launcher().environment),
        stdout=subprocess.PIPE,
        text=True,
    )
    pgid = int(supervisor.stdout.readline())
    try:
        until(lambda: sleeping(house.database) == workers)
        supervisor.kill()
        supervisor.wait()
        began = time.monotonic()
        until(lambda: not group(pgid))
        gone = time.monotonic() - began
        if house.database.cluster.version >= 14:
            until(lambda: sleeping(house.database) == 0)
            ended = time.monotonic() - began
            assert ended < 4
    finally:
        supervisor.kill()
        supervisor.wait()
        supervisor.stdout.close()

    assert gone < 2


def test_plan_names_every_item_with_its_reason_lane_and_cost(house):
    house.begin(job("b", cost=1, lane="x"), job("a", cost=2))
    plan = house.launcher().collect("tables")
    file = json.loads((house.run_dir / "plan-tables.json").read_text())
    first, second = plan.items

    assert plan == Plan.read(house.run_dir / "plan-tables.json")
    assert file["examined"] == [{"procedure": "small", "examined": 2, "needed": 2}]
    assert (file["phase"], file["phases"]) == ("tables", ["tables"])
    assert file["items"] == [first.to_json(), second.to_json()]
    assert first.to_json() == {
        "id": "maintenance/test_small.py::test_small[a]",
        "kind": "action",
        "name": "small",
        "subject": "a",
        "title": "The job is done once.",
        "why": "asked for",
        "estimate": "",
        "lane": "a",
        "cost": 2,
        "phase": "tables",
        "step": 20,
        "severity": "normal",
        "controls": [],
    }
    assert (second.subject, second.lane) == ("b", "x")
    assert house.did() == []
    assert not (house.run_dir / "plan-tables.log").exists()


def test_nothing_due_is_a_plan_without_items(house):
    house.begin()
    plan = house.launcher().collect("tables")

    assert plan.items == ()
    assert plan.examined == (OperationSummary("small", 0, 0),)


def collection_error(house, *selection: str) -> str:
    with pytest.raises(StewardError) as caught:
        house.launcher(*selection).collect("tables")
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_runbook_that_cannot_be_collected_ends_the_run_before_anything_acts(house):
    house.write("maintenance/test_broken.py", "raise RuntimeError('half a runbook')\n")
    house.begin(job("a"))
    line = collection_error(house)

    assert line.startswith("phase tables: its items cannot be collected: RuntimeError: half a runbook; see ")
    assert (house.run_dir / "plan-tables.log").exists()
    assert house.did() == []


def test_selection_that_pytest_does_not_understand_is_reported(house):
    house.begin(job("a"))

    assert "Wrong expression passed to '-k'" in collection_error(house, "-k", "a and and")


def test_selection_leaves_items_and_keeps_the_phases(house):
    house.begin(job("a"), job("b"))
    plan = house.launcher("-k", "[b]").collect("tables")

    assert [item.subject for item in plan.items] == ["b"]
    assert plan.phases == ("tables",)


def test_operators_own_pytest_habits_do_not_reach_a_run(house):
    house.begin(job("a"))
    habits = {"PYTEST_ADDOPTS": "-k nothing_at_all", "PYTEST_PLUGINS": "no_such_plugin"}
    plan = house.launcher(**habits).collect("tables")

    assert len(plan.items) == 1


def test_warning_of_a_library_does_not_fail_an_action(house):
    house.write(
        "maintenance/test_small.py",
        (house.root / "maintenance/test_small.py")
        .read_text()
        .replace("    outcome =", "    import warnings\n    warnings.warn('old', DeprecationWarning)\n    outcome ="),
    )
    run = house.run(job("a"))

    assert run["totals"]["passed"] == 1


def test_only_some_items_of_a_plan_can_be_run_again(house):
    house.begin(job("a"), job("b"), job("c"))
    launcher = house.launcher()
    ids = {item.subject: item.id for item in launcher.collect("tables").items}
    with launcher.running("tables", 1, [ids["b"]]) as process:
        process.wait(timeout=60)
    run = journal.fold(house.run_dir)

    assert [row["label"] for row in house.did()] == ["b"]
    assert run["reconciliation"]["missing"] == sorted([ids["a"], ids["c"]])


def test_killed_worker_leaves_its_item_without_an_outcome_and_the_others_with_one_at_most(house):
    house.begin(job("a", LONG), job("b", "select pg_catalog.pg_sleep(0.1)"))
    launcher = house.launcher()
    launcher.collect("tables")
    with launcher.running("tables", 2) as process:
        until(lambda: sleeping(house.database) == 1)
        until(lambda: any(event["event"] == "outcome" for event in journal.read(house.run_dir)))
        for pid in group(process.pid):
            if pid != process.pid:
                os.kill(pid, signal.SIGKILL)
        process.wait(timeout=30)
    reconciliation = journal.fold(house.run_dir)["reconciliation"]

    assert reconciliation["missing"] == ["maintenance/test_small.py::test_small[a]"]
    assert reconciliation["repeated"] == []


def test_what_a_phase_leaves_is_for_its_owner_only(house):
    former = os.umask(0)
    try:
        house.run(job("a"))
    finally:
        os.umask(former)

    left = [house.run_dir / name for name in ("tables.log", "plan-tables.json")]
    assert [stat.S_IMODE(path.stat().st_mode) for path in left] == [0o600, 0o600]


def test_interrupt_of_the_terminal_does_not_reach_the_phase(house):
    house.begin(job("a", LONG))
    launcher = house.launcher()
    launcher.collect("tables")
    with launcher.running("tables", 1) as process:
        until(lambda: sleeping(house.database) == 1)

        assert os.getpgid(process.pid) != os.getpgid(0)
        assert os.getsid(process.pid) != os.getsid(0)
