"""The context of one run: all that is known and open once it has begun, complete and frozen."""

from __future__ import annotations

import json
import os
import secrets as tokens
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
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
    from datetime import timedelta
    from pathlib import Path
    from typing import Any

    from steward.database.inventory import Scan
    from steward.database.session import Session
    from steward.database.target import Target
    from steward.profile import Profile
    from steward.run.monitor import Signals
    from steward.terminal.live import Terminal

__all__ = ["Options", "RunContext", "Surroundings", "begin"]


@dataclass(frozen=True)
class Options:
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
class Surroundings:
    """What a run is given before it begins; ``control`` is the supervisor's own connection."""

    options: Options
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

    given: Surroundings
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


def begin(given: Surroundings, scan: Scan) -> RunContext:
    """Make the run directory, open the journal and the row in ``maintenance_log``, and return the run's context.

    Raises:
        StewardError: the run directory cannot be made or written.

    """
    options, profile = given.options, given.profile
    started = datetime.now(UTC)
    window = profile.schedule(options.schedule).window if options.window is None else options.window
    deadline = started + window if options.acts else None
    run_id = f"{started:%Y%m%dT%H%M%SZ}-{options.schedule}-{tokens.token_hex(3)}"
    workers = options.workers or profile.run.workers
    run = PhaseSettings(run_id, options.schedule, options.mode, deadline.isoformat() if deadline else None, workers)
    run_dir = _make_run_dir(given, run_id)
    try:
        opened, header = _open_journal(given, run_dir, run, started, scan)
        tail = JournalTail(run_dir, given.terminal.event)
    except OSError as error:
        raise finalize.unrecorded(error, run_dir, given.control, None) from error
    launcher = Launcher(run_dir, {**given.environ, **target.environment(given.target)}, options.selection)
    settings = RunSettings(profile, options.schedule, options.mode, deadline, run_dir / STOP)
    return RunContext(
        given=given,
        run_id=run_id,
        run_dir=run_dir,
        started=started,
        deadline=deadline,
        workers=workers,
        journal=opened,
        tail=tail,
        launcher=launcher,
        scanner=Scanner(given.control, settings),
        runner=PhaseRunner(launcher, _monitor(given, run_dir, tail), opened),
        canary=Canary(given.target, profile),
        header=header,
        log_id=_open_row(given, run_id, header),
    )


def _make_run_dir(given: Surroundings, run_id: str) -> Path:
    os.umask(0o077)
    run_dir = report.runs(given.environ) / run_id
    try:
        run_dir.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise StewardError(
            str(run_dir), f"cannot be made ({error.strerror})", "set STEWARD_RUNS to a folder of your own"
        ) from error
    return run_dir


def _open_journal(
    given: Surroundings, run_dir: Path, run: PhaseSettings, started: datetime, scan: Scan
) -> tuple[journal.Journal, Mapping[str, Any]]:
    """Write what the phases read and the first line of the journal; return the journal and the record's header."""
    (run_dir / "settings.json").write_text(json.dumps(asdict(run)), encoding="utf-8")
    (run_dir / "profile.json").write_text(given.profile.model_dump_json(), encoding="utf-8")
    opened = journal.Journal(run_dir, journal.secrets(given.environ))
    opened.keep_secret(given.control.info.password)
    header = opened.redact(provenance.header(asdict(run), started, given.profile, given.control, given.target, scan))
    opened.write("run_started", **header)
    return opened, header


def _monitor(given: Surroundings, run_dir: Path, tail: JournalTail) -> PhaseMonitor:
    return PhaseMonitor(
        run_dir,
        tail,
        given.signals,
        cancel=lambda: locks.cancel_acting(given.control),
        grace=given.profile.run.cancel_grace.total_seconds(),
        interval=given.profile.run.progress_interval.total_seconds(),
        poll=progress_poller(given.control, given.terminal),
    )


def _open_row(given: Surroundings, run_id: str, header: Mapping[str, Any]) -> int | None:
    """Open the run's row in ``maintenance_log``, and mark the rows of dead runs; a run that does not act has none."""
    if not given.options.acts:
        return None
    log_id = ledger.open_run(given.control, run_id, given.options.schedule, header)
    ledger.mark_dead(given.control, given.options.schedule, log_id)
    return log_id
