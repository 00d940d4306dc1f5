"""The supervisor: run lock, phases, window, leash, reconciliation, record, exit code."""

from __future__ import annotations

import json
import os
import secrets as tokens
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import psycopg

from steward import Deferred, StewardError
from steward.database import inventory, locks, session, target
from steward.engine import guard
from steward.engine.executor import RunSettings
from steward.record import journal, ledger, provenance
from steward.run import exit_status, finalize, forkserver, report
from steward.run.canary import Canary
from steward.run.monitor import JournalTail, PhaseMonitor, PhaseRunner, Signals, poller
from steward.run.phase import PHASES, STOP, Launcher
from steward.run.scanner import Scanner
from steward.run.worker import PhaseSettings
from steward.setup import bootstrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from steward.database.target import Target
    from steward.profile import Profile
    from steward.terminal.live import Terminal

__all__ = ["Options", "Supervisor", "supervise"]

_SERIAL = ("prepare", "verify")
# The canary measures what the acting phases cost the application.
_CANARY_FROM, _CANARY_UNTIL = "purge", "verify"


@dataclass(frozen=True)
class Options:
    """What the operator asked for."""

    schedule: str
    plan: bool = False
    workers: int | None = None
    window: timedelta | None = None
    selection: tuple[str, ...] = ()
    report: bool = True


def supervise(options: Options, at: Target, profile: Profile, terminal: Terminal, environ: Mapping[str, str]) -> int:
    """Run a schedule against a target, and return the exit code.

    Raises:
        StewardError: the run could not begin (2), or another one is going on (3); nothing was done.

    """
    forkserver.warm()
    with Signals() as signals:
        control = session.maintenance(at, profile, schedule=options.schedule, workers=1)
        try:
            supervisor = Supervisor(options, at, profile, terminal, environ, signals, control)
            return supervisor.run()
        except psycopg.Error as error:
            raise finalize.told(error, control, at) from error
        finally:
            control.close()


class Supervisor:
    """One run, from its lock to its report."""

    def __init__(  # noqa: PLR0913, PLR0917 - the run's whole surroundings, named once
        self,
        options: Options,
        at: Target,
        profile: Profile,
        terminal: Terminal,
        environ: Mapping[str, str],
        signals: Signals,
        control: session.Session,
    ) -> None:
        self.options = options
        self.at = at
        self.profile = profile
        self.terminal = terminal
        self.environ = environ
        self.signals = signals
        self.control = control
        self.started = datetime.now(UTC)
        window = profile.schedule(options.schedule).window if options.window is None else options.window
        self.deadline = None if options.plan or options.schedule == "checks" else self.started + window
        self.acts = not options.plan and options.schedule != "checks"
        self.run_id = f"{self.started:%Y%m%dT%H%M%SZ}-{options.schedule}-{tokens.token_hex(3)}"
        self.log_id: int | None = None
        self.error: StewardError | None = None

    def run(self) -> int:
        """Take the lock, go through the phases, close the record; the report comes last and cannot fail the run.

        Raises:
            StewardError: what kept the run from going on; its record is closed all the same.

        """
        locks.require_direct(self.control, self.at.label)
        guard.require_primary(self.control, self.profile, self.at.label)
        bootstrap.require(self.control, self.profile)
        if self.acts:
            locks.take_run(self.control, self.at.label)
        found = inventory.scan(self.control, self.profile)
        try:
            return self._recorded(found)
        except OSError as error:
            raise finalize.unrecorded(error, self.run_dir, self.control, self.log_id) from error

    def _recorded(self, found: inventory.Scan) -> int:
        self._open(found)
        try:
            self._phases()
        except StewardError as error:
            self.error = error
        except psycopg.Error as error:
            # A scan that a signal has cancelled is no error of its own.
            if not (self.signals.name and isinstance(error, psycopg.errors.QueryCanceled)):
                self.error = finalize.told(error, self.control, self.at)
        finally:
            self.canary.stop()
        code = self._close()
        if self.error:
            raise self.error
        return code

    def _open(self, found: inventory.Scan) -> None:
        """Make the run directory and the log's row."""
        os.umask(0o077)
        self.run_dir = report.runs(self.environ) / self.run_id
        try:
            self.run_dir.mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise StewardError(
                str(self.run_dir), f"cannot be made ({error.strerror})", "set STEWARD_RUNS to a folder of your own"
            ) from error
        options = self.options
        mode: Literal["act", "plan"] = "plan" if options.plan else "act"
        self.workers = options.workers or self.profile.run.workers
        deadline = self.deadline.isoformat() if self.deadline else None
        run = PhaseSettings(self.run_id, options.schedule, mode, deadline, self.workers)
        self._write("settings.json", json.dumps(asdict(run)))
        self._write("profile.json", self.profile.model_dump_json())
        self.journal = journal.Journal(self.run_dir, journal.secrets(self.environ))
        self.journal.keep_secret(self.control.info.password)
        header = self.journal.redact(
            provenance.header(asdict(run), self.started, self.profile, self.control, self.at, found)
        )
        self.journal.write("run_started", **header)
        self._gather_crew(mode)
        self.canary = Canary(self.at, self.profile)
        if self.acts:
            self.log_id = ledger.open_run(self.control, self.run_id, options.schedule, header)
            ledger.mark_dead(self.control, options.schedule, self.log_id)
        self.terminal.header(header)

    def _gather_crew(self, mode: Literal["act", "plan"]) -> None:
        """Make what looks before the phases, starts them, and watches over them."""
        self.tail = JournalTail(self.run_dir, self.terminal.event)
        environment = {**self.environ, **target.environment(self.at)}
        self.launcher = Launcher(self.run_dir, environment, self.options.selection)
        vigil = PhaseMonitor(
            self.run_dir,
            self.tail,
            self.signals,
            cancel=lambda: locks.cancel_acting(self.control),
            grace=self.profile.run.cancel_grace.total_seconds(),
            interval=self.profile.run.progress_interval.total_seconds(),
            poll=poller(self.control, self.terminal),
        )
        settings = RunSettings(self.profile, self.options.schedule, mode, self.deadline, self.run_dir / STOP)
        self.survey = Scanner(self.control, settings)
        self.crew = PhaseRunner(self.launcher, vigil, self.journal)

    def _phases(self) -> None:
        known: Sequence[str] = ("verify",) if self.options.schedule == "checks" else PHASES
        for name in known:
            if self.signals.name:
                return
            if self.acts and name == _CANARY_FROM:
                self.canary.start()
            if name == _CANARY_UNTIL:
                self._record_canary()
            if name in known:
                known = self._phase(name)

    def _record_canary(self) -> None:
        figures = self.canary.stop()
        if figures is not None:
            self.journal.write("canary", figures=figures)

    def _phase(self, name: str) -> Sequence[str]:
        """Scan, plan, run; return the phases that have items in this schedule."""
        try:
            with self.signals.cancelling(self._cancel_scan):
                found = self.survey.of(name)
        except Deferred as over:
            self.journal.write("phase_deferred", phase=name, reason=over.reason)
            return PHASES
        self._write(f"scan-{name}.json", inventory.to_json(found))
        for text in self.survey.warnings(name):
            self.journal.write("message", text=text)
        plan = self.launcher.collect(name)
        examined = [summary.to_json() for summary in plan.examined]
        self.journal.write("phase_planned", phase=name, examined=examined, planned=len(plan.items))
        self.terminal.plan(plan)
        if plan.items:
            self.journal.write("phase_started", phase=name)
            self.tail.read()
            lanes = len({item.lane for item in plan.items})
            workers = 1 if name in _SERIAL else min(self.workers, lanes)
            # Checks write nothing and are the evidence: they are not bound to the window.
            deadline = None if name == "verify" else self.deadline
            self.crew.run(plan, workers, deadline)
        self.journal.write("phase_finished", phase=name)
        self.tail.read()
        return plan.phases

    def _cancel_scan(self) -> None:
        (self.run_dir / STOP).write_text(f"interrupted by {self.signals.name}", encoding="utf-8")
        self.control.cancel()

    def _close(self) -> int:
        """Fold the journal into the record, close the log's row, and have the report made."""
        run = journal.fold(self.run_dir)
        if self.acts and self.error is None:
            try:
                whole = not (self.options.selection or self.signals.name or exit_status.unplanned(run))
                finalize.escalate(self.control, self.journal, run, self.profile.run.max_deferrals, whole=whole)
            except psycopg.Error as error:
                self.error = finalize.told(error, self.control, self.at)
            run = journal.fold(self.run_dir)
        code = self.error.exit_code if self.error else exit_status.exit_code(run, interrupted=bool(self.signals.name))
        finished = datetime.now(UTC)
        self.journal.write(
            "run_finished",
            finished_at=finished.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            duration_seconds=round((finished - self.started).total_seconds(), 3),
            status=exit_status.status(run, code),
            exit_code=code,
        )
        if self.error:
            self.journal.write("message", text=str(self.error))
        run = journal.fold(self.run_dir)
        self._write("run.json", json.dumps(run, indent=1, ensure_ascii=False, sort_keys=True))
        self._close_row(run)
        paths = report.finish(self.run_dir, self.environ, self.terminal, wanted=self.options.report)
        self.terminal.summary(run, paths)
        if self.options.plan:
            self.terminal.statements(run)
        return code

    def _close_row(self, run: Mapping[str, Any]) -> None:
        if self.log_id is None:
            return
        error = finalize.error_line(run, self.error, self.signals.name)
        try:
            finalize.close_row(self.control, self.log_id, run, error, self.options.selection)
        except psycopg.Error as failure:
            said = failure.diag.message_primary or failure
            self.terminal.error(f"maintenance_log row {self.log_id}: not closed ({said})")
            return
        try:
            ledger.remember_profile(self.control, self.profile)
        except psycopg.Error as failure:
            self.terminal.error(f"the profile's growth figures: not copied ({failure.diag.message_primary or failure})")

    def _write(self, name: str, text: str) -> None:
        (self.run_dir / name).write_text(text, encoding="utf-8")
