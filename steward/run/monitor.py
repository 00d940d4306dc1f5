"""The supervision of a running phase: signals, the journal's new lines, the window, and workers that die."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import psycopg

from steward.database import progress
from steward.record import journal
from steward.run.phase import STOP, end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import FrameType, TracebackType

    from steward.database.session import Session
    from steward.record.journal import Journal
    from steward.record.plan import Plan
    from steward.run.forkserver import RunningProcess
    from steward.run.phase import Launcher
    from steward.terminal.live import Terminal

__all__ = ["JournalTail", "PhaseMonitor", "PhaseRunner", "Signals", "progress_poller"]

_TICK = 0.05


class Signals:
    """Keeps the name of the first SIGINT, SIGTERM or SIGHUP, so that the record is always closed."""

    def __init__(self) -> None:
        self.name: str | None = None
        self._cancel: Callable[[], object] | None = None
        self._former: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # nohup: the run is meant to outlive its terminal
            self._former[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    @contextmanager
    def cancelling(self, cancel: Callable[[], object]) -> Iterator[None]:
        """Let the first signal cancel what runs inside the block, which may be a count of many minutes."""
        self._cancel = cancel
        try:
            yield
        finally:
            self._cancel = None

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        first, self.name = self.name is None, self.name or signal.Signals(number).name
        if first and self._cancel:
            self._cancel()


class JournalTail:
    """Reads new lines of the journal, and remembers which items have started and ended."""

    def __init__(self, run_dir: Path, show: Callable[[Mapping[str, Any]], None]) -> None:
        self.started: set[str] = set()
        self.ended: dict[str, str] = {}
        self._file = (run_dir / journal.JOURNAL).open("rb")
        self._show = show

    def read(self) -> None:
        """Show every whole line that is new."""
        while True:
            start = self._file.tell()
            line = self._file.readline()
            if not line.endswith(b"\n"):
                self._file.seek(start)
                return
            event = journal.parse(line.decode())
            if event is None:
                continue
            if event["event"] == "item_started":
                self.started.add(event["item"])
            elif event["event"] == "outcome":
                self.ended[event["item"]] = event["outcome"]
            self._show(event)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass(frozen=True)
class PhaseMonitor:
    """Waits for a phase; in seconds: ``grace`` between the steps that end it, ``interval`` between polls."""

    run_dir: Path
    tail: JournalTail
    signals: Signals
    cancel: Callable[[], object]
    grace: float
    interval: float
    poll: Callable[[], None]

    def wait(self, process: RunningProcess, deadline: datetime | None) -> None:
        """Wait for the phase's end; when a signal arrived or the window is over, end it.

        The stop file keeps items from starting: each of them ends as deferred.
        """
        polled = time.monotonic()
        while process.poll() is None:
            self.tail.read()
            over = deadline is not None and datetime.now(UTC) >= deadline
            if self.signals.name or over:
                reason = (
                    f"interrupted by {self.signals.name}" if self.signals.name else "the maintenance window is over"
                )
                (self.run_dir / STOP).write_text(reason, encoding="utf-8")
                end(process, self.cancel, self.grace)
                break
            if time.monotonic() - polled >= self.interval:
                polled = time.monotonic()
                self.poll()
            time.sleep(_TICK)
        self.tail.read()


@dataclass(frozen=True)
class PhaseRunner:
    """Runs a phase until every item has its outcome, also when a worker dies."""

    launcher: Launcher
    monitor: PhaseMonitor
    journal: Journal

    def run(self, plan: Plan, workers: int, deadline: datetime | None) -> None:
        """Run the phase; when a worker died, record its item as an error and start once more what did not begin."""
        self._attempt(plan.phase, workers, None, deadline)
        if not self._account(plan, deadline):
            left = [item.id for item in plan.items if item.id not in self.monitor.tail.ended]
            self._attempt(plan.phase, workers, left, deadline)
            self._account(plan, deadline)

    def _attempt(self, phase: str, workers: int, only: Sequence[str] | None, deadline: datetime | None) -> None:
        with self.launcher.running(phase, workers, only) as process:
            self.monitor.wait(process, deadline)

    def _account(self, plan: Plan, deadline: datetime | None) -> bool:
        """Conclude what began and did not end, and what was stopped before it began; return whether all have ended."""
        tail, signal_name = self.monitor.tail, self.monitor.signals.name
        stopped = signal_name or (deadline is not None and datetime.now(UTC) >= deadline)
        why = signal_name or "window over"
        ids = [item.id for item in plan.items]
        for item in ids:
            if item in tail.ended:
                continue
            if item in tail.started:
                cause = f"it did not end when the run was stopped ({why})" if stopped else "its worker died"
                self._conclude(item, "error", f"{cause} while it ran; see {plan.phase}.log")
            elif stopped:
                self._conclude(item, "deferred", f"the run was stopped first ({why})")
        tail.read()
        return all(item in tail.ended for item in ids)

    def _conclude(self, item: str, outcome: str, reason: str) -> None:
        self.journal.write("outcome", item=item, outcome=outcome, reason=reason)


def progress_poller(conn: Session, terminal: Terminal) -> Callable[[], None]:
    """Return a function that shows the server's progress views; an error in it does not end the run."""

    def poll() -> None:
        try:
            terminal.progress(progress.rows(conn))
        except psycopg.Error as error:
            terminal.message(f"progress is not shown: {error.diag.message_primary or error}")

    return poll
