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
from steward.run.context import Surroundings, begin
from steward.run.monitor import Signals
from steward.run.phase import PHASES, STOP
from steward.setup import bootstrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steward.database.target import Target
    from steward.profile import Profile
    from steward.run.context import Options, RunContext
    from steward.terminal.live import Terminal

__all__ = ["Supervisor", "supervise"]

_SERIAL = ("prepare", "verify")
# The canary measures what the acting phases cost the application.
_CANARY_FROM, _CANARY_UNTIL = "purge", "verify"


def supervise(options: Options, at: Target, profile: Profile, terminal: Terminal, environ: Mapping[str, str]) -> int:
    """Run a schedule against a target, and return the exit code.

    Raises:
        StewardError: the run could not begin (2), or another one is going on (3), and nothing was done; or the run
            could not go on, and its record is closed.

    """
    forkserver.warm()
    with Signals() as signals:
        control = session.maintenance(at, profile, schedule=options.schedule, workers=1)
        try:
            return _supervise(Surroundings(options, at, profile, terminal, environ, signals, control))
        except psycopg.Error as error:
            raise finalize.connection_error(error, control, at) from error
        finally:
            control.close()


def _supervise(given: Surroundings) -> int:
    """Take the run lock, begin the run, and take it to its end."""
    locks.require_direct(given.control, given.target.label)
    guard.require_primary(given.control, given.profile, given.target.label)
    bootstrap.require(given.control, given.profile)
    if given.options.acts:
        locks.take_run(given.control, given.target.label)
    context = begin(given, inventory.scan(given.control, given.profile))
    try:
        given.terminal.header(context.header)
        return Supervisor(context).run()
    except OSError as error:
        raise finalize.unrecorded(error, context.run_dir, given.control, context.log_id) from error


class Supervisor:
    """Takes a run that has begun through its phases to its record and report."""

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self.given = context.given

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
            self._each_phase()
        except StewardError as error:
            return error
        except psycopg.Error as error:
            # A scan that a signal has cancelled is no error of its own.
            if not (self.given.signals.name and isinstance(error, psycopg.errors.QueryCanceled)):
                return finalize.connection_error(error, self.given.control, self.given.target)
        finally:
            self.context.canary.stop()
        return None

    def _each_phase(self) -> None:
        known: Sequence[str] = ("verify",) if self.given.options.schedule == "checks" else PHASES
        for name in known:
            if self.given.signals.name:
                return
            if self.given.options.acts and name == _CANARY_FROM:
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
            with self.given.signals.cancelling(self._cancel_scan):
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
        self.given.terminal.plan(plan)
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
        self.context.write(STOP, f"interrupted by {self.given.signals.name}")
        self.given.control.cancel()

    def _close(self, error: StewardError | None) -> tuple[int, StewardError | None]:
        """Fold the journal into the record, close the log's row, and have the report made."""
        context, interrupted_by = self.context, self.given.signals.name
        error = self._escalate() if self.given.options.acts and error is None else error
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
        self._close_row(run, error)
        self._report(run)
        return code, error

    def _escalate(self) -> StewardError | None:
        """Make an object's deferral a failure when it is one too many; return the error of the connection."""
        context, given = self.context, self.given
        run = journal.fold(context.run_dir)
        try:
            whole = not (given.options.selection or given.signals.name or exit_status.unplanned(run))
            finalize.escalate(given.control, context.journal, run, given.profile.run.max_deferrals, whole=whole)
        except psycopg.Error as error:
            return finalize.connection_error(error, given.control, given.target)
        return None

    def _close_row(self, run: Mapping[str, Any], error: StewardError | None) -> None:
        log_id, given = self.context.log_id, self.given
        if log_id is None:
            return
        line = finalize.error_line(run, error, given.signals.name)
        try:
            finalize.close_row(given.control, log_id, run, line, given.options.selection)
        except psycopg.Error as failure:
            message = failure.diag.message_primary or failure
            given.terminal.error(f"maintenance_log row {log_id}: not closed ({message})")
            return
        try:
            ledger.remember_profile(given.control, given.profile)
        except psycopg.Error as failure:
            given.terminal.error(
                f"the profile's growth figures: not copied ({failure.diag.message_primary or failure})"
            )

    def _report(self, run: Mapping[str, Any]) -> None:
        given = self.given
        paths = report.finish(self.context.run_dir, given.environ, given.terminal, wanted=given.options.report)
        given.terminal.summary(run, paths)
        if given.options.plan:
            given.terminal.statements(run)
