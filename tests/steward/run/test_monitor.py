from __future__ import annotations

import io
import os
import signal
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from steward.database import locks, session
from steward.record import journal, provenance
from steward.run.monitor import JournalTail, PhaseMonitor, Signals, progress_poller
from steward.terminal.live import Terminal
from tests.fixtures.engine import active
from tests.fixtures.house import job, script
from tests.fixtures.running import until

NAP = "import time; time.sleep({seconds})"

# A program that hears signals as the supervisor does, started as an operator would start it.
LISTENER = """
import time
from steward.run.monitor import Signals
with Signals() as signals:
    print("ready", flush=True)
    until = time.monotonic() + 5
    while signals.name is None and time.monotonic() < until:
        time.sleep(0.01)
print(signals.name)
"""


@pytest.fixture
def sleeper():
    """Start a process that sleeps; killed at the end."""
    started = []

    def start(seconds: float) -> subprocess.Popen:
        started.append(subprocess.Popen(script(NAP.format(seconds=seconds)), start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


class Watched:
    """A monitor over a run's directory, and what it did."""

    def __init__(self, run_dir, grace: float = 5.0) -> None:
        self.done: list[str] = []
        self.seen: list[dict] = []
        journal.Journal(run_dir).write("message", text="begun")
        self.tail = JournalTail(run_dir, self.seen.append)
        self.signals = Signals()
        self.monitor = PhaseMonitor(
            run_dir,
            self.tail,
            self.signals,
            cancel=lambda: self.done.append("cancelled"),
            grace=grace,
            interval=1.0,
            poll=lambda: self.done.append("polled"),
        )


@pytest.fixture
def monitored_run(tmp_path):
    """Make a monitor over the test's directory."""
    made = []

    def one(grace: float = 5.0) -> Watched:
        made.append(Watched(tmp_path, grace))
        return made[-1]

    yield one
    for monitored in made:
        monitored.tail.close()


def test_phase_that_ends_by_itself_is_left_alone(monitored_run, sleeper, tmp_path):
    it = monitored_run()
    process = sleeper(0.2)
    it.monitor.wait(process, datetime.now(UTC) + timedelta(minutes=1))

    assert process.poll() == 0
    assert it.done == []
    assert not (tmp_path / "stop").exists()


def test_phase_that_outlives_the_window_is_stopped_and_says_why(monitored_run, sleeper, tmp_path):
    it = monitored_run(grace=0.2)
    process = sleeper(60)
    it.monitor.wait(process, datetime.now(UTC) + timedelta(milliseconds=200))

    assert it.done == ["cancelled"]
    assert process.poll() == -signal.SIGINT
    assert (tmp_path / "stop").read_text() == "the maintenance window is over"


def test_phase_without_a_window_goes_on(monitored_run, sleeper):
    it = monitored_run()
    process = sleeper(0.3)
    it.monitor.wait(process, None)

    assert process.poll() == 0


def test_phase_of_a_run_that_is_interrupted_is_stopped_and_says_why(monitored_run, sleeper, tmp_path):
    it = monitored_run(grace=0.2)
    process = sleeper(60)
    with it.signals:
        os.kill(os.getpid(), signal.SIGTERM)
        it.monitor.wait(process, None)

    assert it.done == ["cancelled"]
    assert (tmp_path / "stop").read_text() == "interrupted by SIGTERM"


@pytest.mark.parametrize(("interval", "polls"), [(0.2, 3), (60.0, 0)])
def test_long_phase_is_polled_as_often_as_the_profile_says(monitored_run, sleeper, interval, polls):
    it = monitored_run()
    monitor = replace(it.monitor, interval=interval)
    monitor.wait(sleeper(1.5), None)

    assert polls <= len(it.done) <= 2 * polls + 1


def test_events_are_shown_as_they_come(monitored_run, sleeper, tmp_path):
    it = monitored_run()
    writer = journal.Journal(tmp_path)
    writer.write("item_started", item="a")
    writer.write("outcome", item="a", outcome="passed")
    writer.write("item_started", item="b")
    it.monitor.wait(sleeper(0.1), None)

    assert [event["event"] for event in it.seen] == ["message", "item_started", "outcome", "item_started"]
    assert it.tail.started == {"a", "b"}
    assert it.tail.ended == {"a": "passed"}


def test_half_a_line_waits_for_its_other_half(monitored_run, tmp_path):
    it = monitored_run()
    whole = '{"t":"2026-11-22T02:00:00.000Z","event":"item_started","pid":1,"item":"a"}'
    with (tmp_path / journal.JOURNAL).open("a") as file:
        file.write(whole[:30])
        file.flush()
        it.tail.read()
        begun = set(it.tail.started)
        file.write(f"{whole[30:]}\n")
        file.flush()
        it.tail.read()

    assert begun == set()
    assert it.tail.started == {"a"}


def test_line_that_a_killed_worker_cut_off_does_not_stop_the_reading(monitored_run, tmp_path):
    it = monitored_run()
    with (tmp_path / journal.JOURNAL).open("a") as file:
        file.write('{"t":"2026-11-22T02:00:00.000Z","event":"statement","pid":1,"item":"a","text":"delete fr')
    journal.Journal(tmp_path).write("outcome", item="a", outcome="error")
    it.tail.read()

    assert it.tail.ended == {"a": "error"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_is_kept_as_a_name_and_the_former_handlers_come_back(number):
    former = signal.getsignal(number)
    with Signals() as signals:
        os.kill(os.getpid(), number)
        until(lambda: signals.name)

    assert signals.name == number.name
    assert signal.getsignal(number) is former


def test_first_signal_is_the_one_that_is_told():
    with Signals() as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        until(lambda: signals.name)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)

    assert signals.name == "SIGTERM"


def listening(*prefix: str) -> subprocess.Popen:
    process = subprocess.Popen([*prefix, *script(LISTENER)], cwd=provenance.ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def test_end_of_the_terminal_is_an_interruption():
    process = listening()
    process.send_signal(signal.SIGHUP)

    assert process.communicate(timeout=10)[0] == "SIGHUP\n"


def test_run_that_was_started_with_nohup_outlives_its_terminal():
    process = listening("nohup")
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)

    assert process.communicate(timeout=10)[0] == "SIGTERM\n"


def test_items_that_had_not_begun_when_the_window_ended_are_deferred_one_by_one(house, settings):
    jobs = [job("a", "select pg_catalog.pg_sleep(300)", cost=9), *(job(name) for name in "bcd")]
    deadline = datetime.now(UTC) + timedelta(hours=1)
    house.begin(*jobs, deadline=deadline)
    launcher = house.launcher()
    launcher.collect("tables")
    tail = JournalTail(house.run_dir, lambda event: None)
    with session.maintenance(house.database.target(), settings.profile) as control:
        locks.take_run(control, "test")
        monitor = PhaseMonitor(
            house.run_dir, tail, Signals(), lambda: locks.cancel_acting(control), 20.0, 1.0, lambda: None
        )
        with launcher.running("tables", 1) as process:
            [pid] = until(lambda: locks.acting_pids(control))
            until(lambda: active(house.database, pid, "pg_sleep"))
            monitor.wait(process, datetime.now(UTC))
    tail.close()
    run = journal.fold(house.run_dir)
    reasons = {item["subject"]: item["reason"] for item in run["items"]}

    assert process.poll() >= 0
    assert {item["subject"]: item["outcome"] for item in run["items"]} == dict.fromkeys("abcd", "deferred")
    assert reasons["a"] == "cancelled while it ran: the maintenance window is over"
    assert reasons["d"] == "the maintenance window is over"
    assert run["reconciliation"]["missing"] == []
    assert house.did() == []


def test_poll_of_the_progress_that_fails_is_a_message_and_no_error(database):
    stream = io.StringIO()
    terminal = Terminal.for_stream(stream, {}, quiet=False)
    conn = database.connect()
    conn.close()
    progress_poller(conn, terminal)()
    terminal.close()

    assert "progress is not shown: the connection is closed" in stream.getvalue()
