"""One phase as a process of its own: its plan is collected, it runs, and it is cancelled when its time is over."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from typing import TYPE_CHECKING

from steward import StewardError
from steward.record.plan import Plan
from steward.record.provenance import ROOT
from steward.run.forkserver import start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

    from steward.run.forkserver import ForkedProcess, RunningProcess

__all__ = ["PHASES", "STOP", "Launcher", "end"]

PHASES = ("prepare", "purge", "tables", "indexes", "settle", "verify")
STOP = "stop"

_TICK = 0.05
_NOTHING_SELECTED = 5
_RUNBOOKS = ("maintenance", "checks")


@dataclass(frozen=True)
class Launcher:
    """Starts pytest for the phases of a run; ``selection`` is the operator's own ``-k`` and ``-m``."""

    run_dir: Path
    environment: Mapping[str, str]
    selection: Sequence[str] = ()
    root: Path = ROOT

    def collect(self, phase: str) -> Plan:
        """Write the phase's plan, and return it.

        Raises:
            StewardError: the collection failed; nothing of the phase has run.

        """
        log = self.run_dir / f"plan-{phase}.log"
        code = self._start(log, phase, "--collect-only", "--steward-plan").wait()
        path = Plan.path(self.run_dir, phase)
        if code not in {0, _NOTHING_SELECTED} or not path.exists():
            # The file of a broken collection is no plan.
            path.unlink(missing_ok=True)
            cause = _cause(log.read_text(encoding="utf-8")) or f"pytest ended with {code}"
            raise StewardError(
                f"phase {phase}", f"its items cannot be collected: {cause}", f"see {log}; nothing of it was run"
            )
        log.unlink()
        return Plan.read(path)

    @contextmanager
    def running(self, phase: str, workers: int, only: Sequence[str] | None = None) -> Iterator[RunningProcess]:
        """Run the phase, its whole plan or ``only`` some ids; the processes that are left at the end are killed."""
        options = ["-p", "xdist.plugin", f"-n{workers}", "--max-worker-restart=0"] if workers > 1 else []
        if only is not None:
            path = self.run_dir / f"only-{phase}.json"
            path.write_text(json.dumps(list(only)), encoding="utf-8")
            options.append(f"--steward-only={path}")
        leash, write_end = Pipe(duplex=False)
        with write_end:
            with leash:
                process = self._start(self.run_dir / f"{phase}.log", phase, *options, leash=leash)
            try:
                yield process
            finally:
                _kill(process)

    def _start(self, log: Path, phase: str, *options: str, leash: Connection | None = None) -> ForkedProcess:
        command = self._command(phase, *options)
        return start(command, root=self.root, environment=self._environment(), log=log, leash=leash)

    def _command(self, phase: str, *options: str) -> list[str]:
        # The operator's own settings of pytest must not change a run: no autoloaded plugin, no cache, no strictness.
        return [
            *("-q", "--tb=short", "--no-header"),
            *("-c", str(self.root / "pyproject.toml"), "--rootdir", str(self.root)),
            *("--disable-plugin-autoload", "-p", "no:cacheprovider"),
            *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # the fork server has imported the plugin
            *("-o", "filterwarnings=default", "-o", "addopts=", "-o", "xfail_strict=true", "--import-mode=importlib"),
            f"--steward-run={self.run_dir}",
            f"--steward-phase={phase}",
            *options,
            *self.selection,
            *_RUNBOOKS,
        ]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in self.environment.items() if not name.startswith("PYTEST_")}
        # pytest cuts the reasons in its summary to the width of the terminal, unless CI is set.
        return {**kept, "CI": "true"}


def _cause(log: str) -> str | None:
    """Return the line that says why a collection failed: the exception's, else the error's."""
    lines = [line.strip() for line in log.splitlines()]
    for beginning in ("E ", "UsageError", "ERROR"):
        causes = [line.removeprefix("E ").strip() for line in lines if line.startswith(beginning)]
        if causes:
            return causes[-1]
    return None


def end(
    process: RunningProcess,
    cancel: Callable[[], object],
    grace: float,
) -> None:
    """End a phase whose time is over: its statements are cancelled, then it is interrupted, then killed.

    An interrupted pytest writes no outcome, hence the statements first. A stopped worker reacts only to SIGKILL.
    """
    for step in (cancel, lambda: process.send_signal(signal.SIGINT)):
        step()
        if _gone(process, grace):
            return
    _kill(process)


def _gone(process: RunningProcess, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            return True
        time.sleep(_TICK)
    return process.poll() is not None


def _kill(process: RunningProcess) -> None:
    """Kill the phase's process group: a worker may outlive its controller for some time."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.send_signal(signal.SIGKILL)  # it may not have its group yet
    process.wait()
