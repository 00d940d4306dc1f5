"""The context of one run: all that is known and open once it has begun, complete and frozen."""

from __future__ import annotations

import json
import os
import secrets as tokens
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from steward import StewardError
from steward.database import locks, target
from steward.engine.executor import RunSettings
from steward.record import journal, ledger, provenance
from steward.run import finalize, report
from steward.run.canary import Canary
from steward.run.monitor import JournalTail, PhaseMonitor, PhaseRunner, progress_poller
from steward.run.phase import STOP, Launcher
from steward.run.scanner import Scanner
from steward.run.worker import PhaseSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta
    from pathlib import Path
    from typing import Any

    from steward.database.inventory import Scan
    from steward.database.session import Session
    from steward.database.target import Target
    from steward.profile import Profile
    from steward.run.monitor import Signals
    from steward.terminal.live import Terminal

__all__ = ["RunContext", "RunInputs", "RunOptions", "begin"]


@dataclass(frozen=True)
class RunOptions:
    """The options of the operator's command."""

    schedule: str
    plan: bool = False
    workers: int | None = None
    window: timedelta | None = None
    selection: tuple[str, ...] = ()
    report: bool = True

    @property
    def acts(self) -> bool:
        """Whether the run may change the database: a plan and ``checks`` may not."""
        return not self.plan and self.schedule != "checks"

    @property
    def mode(self) -> Literal["act", "plan"]:
        """The mode as the record names it."""
        return "plan" if self.plan else "act"


@dataclass(frozen=True)
class RunInputs:
    """The inputs of a run; ``control`` is the supervisor's own connection, which holds the run lock."""

    options: RunOptions
    target: Target
    profile: Profile
    terminal: Terminal
    environ: Mapping[str, str]
    signals: Signals
    control: Session


@dataclass(frozen=True)
class RunContext:
    """A run that has begun: its directory, journal and processes.

    ``deadline`` is the end of the window, None for a run that does not act; ``log_id`` is the run's row in
    ``maintenance_log``, None likewise; ``header`` is the beginning of its record.
    """

    inputs: RunInputs
    run_id: str
    run_dir: Path
    started: datetime
    deadline: datetime | None
    workers: int
    journal: journal.Journal
    tail: JournalTail
    launcher: Launcher
    scanner: Scanner
    runner: PhaseRunner
    canary: Canary
    header: Mapping[str, Any]
    log_id: int | None

    def write(self, name: str, text: str) -> None:
        """Write a file of the run directory."""
        (self.run_dir / name).write_text(text, encoding="utf-8")


def begin(inputs: RunInputs, started: datetime, scan: Scan) -> RunContext:
    """Make the run directory, open the journal and the row in ``maintenance_log``, and return the run's context.

    Raises:
        StewardError: the run directory cannot be made or written.

    """
    options, profile = inputs.options, inputs.profile
    window = profile.schedule(options.schedule).window if options.window is None else options.window
    deadline = started + window if options.acts else None
    run_id = f"{started:%Y%m%dT%H%M%SZ}-{options.schedule}-{tokens.token_hex(3)}"
    workers = options.workers or profile.run.workers
    run = PhaseSettings(run_id, options.schedule, options.mode, deadline.isoformat() if deadline else None, workers)
    run_dir = _make_run_dir(inputs, run_id)
    try:
        opened, header = _open_journal(inputs, run_dir, run, started, scan)
        tail = JournalTail(run_dir, inputs.terminal.event)
    except OSError as error:
        raise finalize.record_error(error, run_dir, inputs.control, None) from error
    launcher = Launcher(run_dir, {**inputs.environ, **target.environment(inputs.target)}, options.selection)
    settings = RunSettings(profile, options.schedule, options.mode, deadline, run_dir / STOP)
    return RunContext(
        inputs=inputs,
        run_id=run_id,
        run_dir=run_dir,
        started=started,
        deadline=deadline,
        workers=workers,
        journal=opened,
        tail=tail,
        launcher=launcher,
        scanner=Scanner(inputs.control, settings),
        runner=PhaseRunner(launcher, _monitor(inputs, run_dir, tail), opened),
        canary=Canary(inputs.target, profile),
        header=header,
        log_id=_open_log_row(inputs, run_id, header),
    )


def _make_run_dir(inputs: RunInputs, run_id: str) -> Path:
    os.umask(0o077)
    run_dir = report.runs(inputs.environ) / run_id
    try:
        run_dir.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise StewardError(
            str(run_dir), f"cannot be made ({error.strerror})", "set STEWARD_RUNS to a folder of your own"
        ) from error
    return run_dir


def _open_journal(
    inputs: RunInputs, run_dir: Path, run: PhaseSettings, started: datetime, scan: Scan
) -> tuple[journal.Journal, Mapping[str, Any]]:
    """Write what the phases read and the first line of the journal; return the journal and the record's header."""
    (run_dir / "settings.json").write_text(json.dumps(asdict(run)), encoding="utf-8")
    (run_dir / "profile.json").write_text(inputs.profile.model_dump_json(), encoding="utf-8")
    opened = journal.Journal(run_dir, journal.secrets(inputs.environ))
    opened.keep_secret(inputs.control.info.password)
    header = opened.redact(provenance.header(asdict(run), started, inputs.profile, inputs.control, inputs.target, scan))
    opened.write("run_started", **header)
    return opened, header


def _monitor(inputs: RunInputs, run_dir: Path, tail: JournalTail) -> PhaseMonitor:
    return PhaseMonitor(
        run_dir,
        tail,
        inputs.signals,
        cancel=lambda: locks.cancel_acting(inputs.control),
        grace=inputs.profile.run.cancel_grace.total_seconds(),
        interval=inputs.profile.run.progress_interval.total_seconds(),
        poll=progress_poller(inputs.control, inputs.terminal),
    )


def _open_log_row(inputs: RunInputs, run_id: str, header: Mapping[str, Any]) -> int | None:
    """Open the run's row in ``maintenance_log``, and mark the rows of dead runs; a run that does not act has none."""
    if not inputs.options.acts:
        return None
    log_id = ledger.open_run(inputs.control, run_id, inputs.options.schedule, header)
    ledger.mark_dead(inputs.control, inputs.options.schedule, log_id)
    return log_id
