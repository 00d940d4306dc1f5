"""pytest's hooks and fixtures; they do nothing unless the supervisor passes ``--steward-run``.

A phase is collected once to write its plan, and then run by that plan. Every process parametrizes from the same scan:
collection is identical everywhere.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from steward import OutcomeException
from steward.actions.registry import OPERATIONS
from steward.database import queries, target
from steward.engine.action import Action
from steward.engine.check import Check, as_records
from steward.engine.operation import PlanContext
from steward.record.plan import OperationSummary, Plan, PlannedItem
from steward.run import items
from steward.run.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from xdist.remote import Producer

    from steward.run.lanes import LaneScheduling

__all__: list[str] = []

_MARKERS = (
    "daily: part of the daily maintenance",
    "weekly: part of the weekly maintenance",
    "monthly: part of the monthly maintenance",
    "phase(name, step): the phase that the item belongs to, and its place in a lane",
    "needs(operation): the operation that says which objects need the action",
    "due(due): why this object needs the operation, its lane and its cost",
    "severity(level): blocker, critical, normal, minor or trivial",
    "controls(topic): the topic whose compliance controls the item is evidence for",
)
_RUNBOOKS = ("maintenance", "checks")
_PLANNED = pytest.StashKey[PlannedItem]()
_STATE = pytest.StashKey[dict[str, Any]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options that the supervisor passes to a phase."""
    group = parser.getgroup("steward")
    group.addoption(
        "--steward-run", default=None, help="the run's directory; without it no item of the suite is collected"
    )
    group.addoption("--steward-phase", default=None, help="the phase to collect or to run")
    group.addoption("--steward-plan", action="store_true", help="write the phase's plan instead of running it")
    group.addoption("--steward-only", default=None, help="a file with the ids to run, one JSON list")
    group.addoption("--steward-leash", type=int, default=None, help="a descriptor whose end of file means stop")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, and register the plugin of a phase in a run."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    if config.option.steward_run:
        config.pluginmanager.register(PhasePlugin(config), "steward-phase")


class ClosedDirectory(pytest.Directory):
    """A folder of runbooks outside a run: nothing in it is collected, not even a path that is given to pytest."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Return nothing."""
        return ()


@pytest.hookimpl(tryfirst=True)
def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Keep a bare pytest from touching a database: runbooks are collected by the supervisor only."""
    runbook = path.parent == parent.config.rootpath and path.name in _RUNBOOKS
    return ClosedDirectory.from_parent(parent, path=path) if runbook and not parent.config.option.steward_run else None


class PhasePlugin:
    """One phase of a run, in the controller and in each of its workers."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.phase: str = config.option.steward_phase
        self.worker = Worker(Path(config.option.steward_run), self.phase)
        self.known: dict[str, list[str]] = {}
        self.examined: list[OperationSummary] = []
        only: str | None = config.option.steward_only
        self.only = frozenset(json.loads(Path(only).read_text(encoding="utf-8"))) if only else None
        is_controller = not hasattr(config, "workerinput")
        if config.option.steward_leash is not None and is_controller:
            threading.Thread(target=_end_with_supervisor, args=(config.option.steward_leash,), daemon=True).start()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give each action one item an object that needs it."""
        marker = metafunc.definition.get_closest_marker("needs")
        if marker is None:
            return
        operation = OPERATIONS.get(marker.args[0])
        if operation is None:
            message = f"{metafunc.definition.nodeid} needs {marker.args[0]}, which is no operation"
            raise pytest.UsageError(message)
        if operation.phase != items.phase_of(metafunc.definition):
            message = f"{metafunc.definition.nodeid} is in another phase than its operation {operation.name}"
            raise pytest.UsageError(message)
        due = []
        if operation.phase == self.phase and self._wanted(metafunc.definition):
            examined = operation.examine(PlanContext(self.worker.settings, self.worker.scan))
            due = [
                pytest.param(due_subject.subject, id=due_subject.label, marks=pytest.mark.due(due_subject))
                for due_subject in examined.due
            ]
            self.examined.append(OperationSummary(operation.name, examined.count, len(due)))
        metafunc.parametrize(operation.argument, due)

    def _wanted(self, item: pytest.Item) -> bool:
        """Return whether the item belongs to the run's schedule: ``checks`` runs every check, whatever its schedule."""
        schedule = self.worker.run.schedule
        if schedule == "checks":
            return items.kind(item) == "check"
        return item.get_closest_marker(schedule) is not None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the phase's items, in runbook order."""
        kept: list[pytest.Item] = []
        left: list[pytest.Item] = []
        for item in items:
            (kept if self._belongs(item) else left).append(item)
        kept.sort(key=_order)
        items[:] = kept
        config.hook.pytest_deselected(items=left)

    def _belongs(self, item: pytest.Item) -> bool:
        if not self._wanted(item):
            return False
        phase = "verify" if self.worker.run.schedule == "checks" else items.phase_of(item)
        self.known.setdefault(phase, []).append(item.nodeid)
        if phase != self.phase or (item.get_closest_marker("needs") and not item.get_closest_marker("due")):
            return False
        return self.only is None or item.nodeid in self.only

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Write the plan, or give each item its entry in the plan."""
        if self.config.option.steward_plan:
            planned = tuple(items.planned(item, self.phase) for item in session.items)
            plan = Plan(self.phase, tuple(sorted(self.known)), tuple(self.examined), planned)
            plan.write(self.worker.run_dir)
            return
        by_id = {item.id: item for item in self.worker.plan.items}
        for item in session.items:
            item.stash[_PLANNED] = by_id[item.nodeid]

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Producer) -> LaneScheduling:
        """Give each lane to one worker, the costliest first."""
        # Here and not above: only a phase with workers needs xdist.
        from steward.run.lanes import LaneScheduling  # noqa: PLC0415

        return LaneScheduling(config, log, self.worker.plan.items)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Record the item's start and its one outcome, whatever happens in it."""
        state = item.stash[_STATE] = {"error": None, "fixture": None}
        journal, started = self.worker.journal, time.monotonic()
        journal.write("item_started", item=item.nodeid)
        result = yield
        check = state["fixture"] if isinstance(state["fixture"], Check) else None
        outcome, reason = items.conclude(state["error"], check, item.stash[_PLANNED], self.worker.settings)
        record = dict(state["fixture"].record) if isinstance(state["fixture"], Action) else {}
        for statement in check.statements if check else ():
            journal.write("statement", item=item.nodeid, **statement)
        if isinstance(state["error"], OutcomeException):
            record["figures"] = {**record.get("figures", {}), **state["error"].figures}
        journal.write(
            "outcome",
            item=item.nodeid,
            outcome=outcome,
            reason=reason,
            duration_seconds=round(time.monotonic() - started, 6),
            findings=as_records(check.found) if check else [],
            evidence=check.evidence if check else [],
            **record,
        )
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self,
        item: pytest.Item,
        call: pytest.CallInfo[None],
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Keep the item's first error, which decides its outcome; pytest's own only goes into the log."""
        if call.excinfo is not None:
            _keep_rows_out(call.excinfo.value)
        report = yield
        if call.excinfo is not None and item.stash[_STATE]["error"] is None:
            item.stash[_STATE]["error"] = call.excinfo.value
        if call.excinfo is not None and isinstance(call.excinfo.value, OutcomeException):
            report.outcome = "skipped"
            report.longrepr = (str(item.path), item.reportinfo()[1] or 0, call.excinfo.value.reason)
        return report

    @pytest.fixture
    def action(self, request: pytest.FixtureRequest) -> Action:
        """Take an operation through its steps, once."""
        worker, item = self.worker, request.node.stash[_PLANNED]
        made = Action(worker.settings, worker.acting, OPERATIONS, worker.journal, item, worker.run.run_id)
        request.node.stash[_STATE]["fixture"] = made
        return made

    @pytest.fixture
    def check(self, request: pytest.FixtureRequest) -> Check:
        """Run the queries of a check on a read-only session."""
        worker = self.worker
        made = Check(worker.settings, worker.observing, worker.scan, target.inherited(os.environ), worker.cache)
        request.node.stash[_STATE]["fixture"] = made
        return made

    def pytest_unconfigure(self) -> None:
        """Close the connections, so that the next scan sees their statistics."""
        self.worker.close()


def _order(item: pytest.Item) -> tuple[int, float, str]:
    return items.order(item)


def _keep_rows_out(error: BaseException | None) -> None:
    """Take the server's details off the errors that the phase's log will show, because they may quote a row."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, psycopg.Error):
            error.args = (queries.server_message(error),)
        error = error.__cause__ or error.__context__


def _end_with_supervisor(leash: int) -> None:
    """Wait for the supervisor's end, then kill this phase.

    The server ends running statements when it finds that their client is gone (client_connection_check_interval).
    """
    while os.read(leash, 1):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)
