"""The supervisor: run lock, phases, window, reconciliation, record, exit code."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg

from steward import Deferred, StewardError
from steward.database import inventory, locks, session
from steward.engine import guard
from steward.record import journal, ledger
from steward.run import exit_status, finalize, forkserver, report
from steward.run.monitor import Signals
from steward.run.phase import PHASES, STOP
from steward.run.run_context import RunInputs, begin
from steward.setup import bootstrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steward.database.target import Target
    from steward.profile import Profile
    from steward.run.run_context import RunContext, RunOptions
    from steward.terminal.live import Terminal

__all__ = ["Supervisor", "supervise"]

_SERIAL = ("prepare", "verify")
# The canary measures what the acting phases cost the application.
_CANARY_FROM, _CANARY_UNTIL = "purge", "verify"


def supervise(options: RunOptions, at: Target, profile: Profile, terminal: Terminal, environ: Mapping[str, str]) -> int:
    """Run a schedule against a target, and return the exit code.

    Raises:
        StewardError: the run could not begin (2), or another one is going on (3), and nothing was done; or the run
            could not go on, and its record is closed.

    """
    forkserver.warm()
    with Signals() as signals:
        control = session.maintenance(at, profile, schedule=options.schedule, workers=1)
        try:
            return _supervise(RunInputs(options, at, profile, terminal, environ, signals, control))
        except psycopg.Error as error:
            raise finalize.connection_error(error, control, at) from error
        finally:
            control.close()


def _supervise(inputs: RunInputs) -> int:
    """Take the run lock, begin the run, and take it to its end."""
    started = datetime.now(UTC)
    locks.require_direct(inputs.control, inputs.target.label)
    guard.require_primary(inputs.control, inputs.profile, inputs.target.label)
    bootstrap.require(inputs.control, inputs.profile)
    if inputs.options.acts:
        locks.take_run(inputs.control, inputs.target.label)
    context = begin(inputs, started, inventory.scan(inputs.control, inputs.profile))
    try:
        inputs.terminal.header(context.header)
        return Supervisor(context).run()
    except OSError as error:
        raise finalize.record_error(error, context.run_dir, inputs.control, context.log_id) from error


class Supervisor:
    """Takes a run that has begun through its phases to its record and report."""

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self.inputs = context.inputs

    def run(self) -> int:
        """Go through the phases and close the record; the report comes last and cannot fail the run.

        Raises:
            StewardError: what kept the run from going on; its record is closed all the same.

        """
        error = self._phases()
        code, error = self._close(error)
        if error:
            raise error
        return code

    def _phases(self) -> StewardError | None:
        """Run the phases; return what kept the run from going on."""
        try:
            self._run_phases()
        except StewardError as error:
            return error
        except psycopg.Error as error:
            # A scan that a signal has cancelled is no error of its own.
            if not (self.inputs.signals.name and isinstance(error, psycopg.errors.QueryCanceled)):
                return finalize.connection_error(error, self.inputs.control, self.inputs.target)
        finally:
            self.context.canary.stop()
        return None

    def _run_phases(self) -> None:
        known: Sequence[str] = ("verify",) if self.inputs.options.schedule == "checks" else PHASES
        for name in known:
            if self.inputs.signals.name:
                return
            if self.inputs.options.acts and name == _CANARY_FROM:
                self.context.canary.start()
            if name == _CANARY_UNTIL:
                self._record_canary()
            if name in known:
                known = self._phase(name)

    def _record_canary(self) -> None:
        figures = self.context.canary.stop()
        if figures is not None:
            self.context.journal.write("canary", figures=figures)

    def _phase(self, name: str) -> Sequence[str]:
        """Scan, plan, run; return the phases that have items in this schedule."""
        context = self.context
        try:
            with self.inputs.signals.cancelling(self._cancel_scan):
                scan = context.scanner.scan(name)
        except Deferred as over:
            context.journal.write("phase_deferred", phase=name, reason=over.reason)
            return PHASES
        context.write(f"scan-{name}.json", inventory.to_json(scan))
        for text in context.scanner.warnings(name):
            context.journal.write("message", text=text)
        plan = context.launcher.collect(name)
        examined = [summary.to_json() for summary in plan.examined]
        context.journal.write("phase_planned", phase=name, examined=examined, planned=len(plan.items))
        self.inputs.terminal.plan(plan)
        if plan.items:
            context.journal.write("phase_started", phase=name)
            context.tail.read()
            workers = 1 if name in _SERIAL else min(context.workers, len({item.lane for item in plan.items}))
            # Checks write nothing and are the evidence: they are not bound to the window.
            deadline = None if name == "verify" else context.deadline
            context.runner.run(plan, workers, deadline)
        context.journal.write("phase_finished", phase=name)
        context.tail.read()
        return plan.phases

    def _cancel_scan(self) -> None:
        self.context.write(STOP, f"interrupted by {self.inputs.signals.name}")
        self.inputs.control.cancel()

    def _close(self, error: StewardError | None) -> tuple[int, StewardError | None]:
        """Fold the journal into the record, close the log's row, and have the report made."""
        context, interrupted_by = self.context, self.inputs.signals.name
        error = self._fail_repeated_deferrals() if self.inputs.options.acts and error is None else error
        run = journal.fold(context.run_dir)
        code = error.exit_code if error else exit_status.exit_code(run, interrupted=bool(interrupted_by))
        finished = datetime.now(UTC)
        context.journal.write(
            "run_finished",
            finished_at=finished.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            duration_seconds=round((finished - context.started).total_seconds(), 3),
            status=exit_status.status(run, code),
            exit_code=code,
        )
        if error:
            context.journal.write("message", text=str(error))
        run = journal.fold(context.run_dir)
        context.write("run.json", json.dumps(run, indent=1, ensure_ascii=False, sort_keys=True))
        self._close_log_row(run, error)
        self._report(run)
        return code, error

    def _fail_repeated_deferrals(self) -> StewardError | None:
        """Make an object's deferral a failure when it is one too many; return the error of the connection."""
        context, inputs = self.context, self.inputs
        run = journal.fold(context.run_dir)
        try:
            whole = not (inputs.options.selection or inputs.signals.name or exit_status.unplanned(run))
            finalize.fail_repeated_deferrals(
                inputs.control, context.journal, run, inputs.profile.run.max_deferrals, whole=whole
            )
        except psycopg.Error as error:
            return finalize.connection_error(error, inputs.control, inputs.target)
        return None

    def _close_log_row(self, run: Mapping[str, Any], error: StewardError | None) -> None:
        log_id, inputs = self.context.log_id, self.inputs
        if log_id is None:
            return
        line = finalize.error_line(run, error, inputs.signals.name)
        try:
            finalize.close_log_row(inputs.control, log_id, run, line, inputs.options.selection)
        except psycopg.Error as failure:
            message = failure.diag.message_primary or failure
            inputs.terminal.error(f"maintenance_log row {log_id}: not closed ({message})")
            return
        try:
            ledger.remember_profile(inputs.control, inputs.profile)
        except psycopg.Error as failure:
            inputs.terminal.error(
                f"the profile's growth figures: not copied ({failure.diag.message_primary or failure})"
            )

    def _report(self, run: Mapping[str, Any]) -> None:
        inputs = self.inputs
        paths = report.finish(self.context.run_dir, inputs.environ, inputs.terminal, wanted=inputs.options.report)
        inputs.terminal.summary(run, paths)
        if inputs.options.plan:
            inputs.terminal.statements(run)
