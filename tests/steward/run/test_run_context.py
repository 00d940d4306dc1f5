"""A run that begins is recorded in its directory and, when it acts, in the database."""

from __future__ import annotations

import dataclasses
import io
import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from steward import StewardError
from steward.database import inventory, session
from steward.record import journal
from steward.run.monitor import Signals
from steward.run.run_context import RunInputs, RunOptions, begin
from steward.run.worker import PhaseSettings
from steward.terminal.live import Terminal

STARTED = datetime(2026, 11, 22, 2, 0, 0, tzinfo=UTC)


@pytest.fixture
def started(database, settings, tmp_path):
    """Begin a run with these options; its directory is made under ``folder``."""
    former, begun = os.umask(0o077), []

    def start(options, folder=tmp_path):
        terminal = Terminal.for_stream(io.StringIO(), {}, quiet=True)
        environ = {"STEWARD_RUNS": str(folder)}
        target, profile = database.target(), settings.profile
        with session.maintenance(target, profile, schedule=options.schedule) as control:
            inputs = RunInputs(options, target, profile, terminal, environ, Signals(), control)
            begun.append(begin(inputs, STARTED, inventory.scan(control, profile)))
        return begun[-1]

    yield start
    for context in begun:
        context.tail.close()
        context.journal.close()
    os.umask(former)


def rows(database):
    return database.execute("select id from public.maintenance_log where maintenance_type = 'daily_maintenance'")


def test_run_that_acts_has_a_directory_a_journal_and_a_row_in_the_log(started, database):
    context = started(RunOptions("daily", workers=3, window=timedelta(minutes=5)))
    facts = PhaseSettings.load(context.run_dir)
    [first] = journal.read(context.run_dir)

    assert facts == PhaseSettings(context.run_id, "daily", "act", "2026-11-22T02:05:00+00:00", 3)
    assert context.run_dir.name == context.run_id
    assert context.run_id.startswith("20261122T020000Z-daily-")
    assert context.deadline == STARTED + timedelta(minutes=5)
    assert first["event"] == "run_started"
    assert first["run_id"] == context.header["run_id"] == context.run_id
    assert [row["id"] for row in rows(database)] == [context.log_id]


@pytest.mark.parametrize("options", [RunOptions("daily", plan=True), RunOptions("checks")])
def test_plan_and_checks_alone_have_no_row_and_no_window(started, database, options):
    context = started(options)

    assert (context.log_id, context.deadline) == (None, None)
    assert json.loads((context.run_dir / "settings.json").read_text())["deadline"] is None
    assert rows(database) == []


def test_context_cannot_be_changed(started):
    context = started(RunOptions("checks"))

    with pytest.raises(dataclasses.FrozenInstanceError):
        context.log_id = 1


def test_directory_that_cannot_be_made_ends_the_run_before_anything_is_written(started, database, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StewardError, match="cannot be made") as caught:
        started(RunOptions("daily"), tmp_path / "file")

    assert "STEWARD_RUNS" in caught.value.remedy
    assert rows(database) == []
