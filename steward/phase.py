"""One phase as a process of its own: collected to a plan, run on a leash, cancelled when its time is over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steward import StewardError
from steward.facts import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["PHASES", "STOP", "Launcher", "end"]

PHASES = ("prepare", "purge", "tables", "indexes", "settle", "verify")
STOP = "stop"

_TICK = 0.05
_NOTHING_SELECTED = 5
_RUNBOOKS = ("maintenance", "checks")


@dataclass(frozen=True)
class Launcher:
    """Starts pytest for a run: its directory, its environment, and what the operator passed through."""

    run_dir: Path
    environment: Mapping[str, str]
    selection: Sequence[str] = ()
    root: Path = ROOT

    def collect(self, phase: str) -> dict[str, Any]:
        """Write the phase's plan, and return it.

        Raises:
            StewardError: the collection failed; nothing of the phase has run.

        """
        log = self.run_dir / f"plan-{phase}.log"
        with _private(log) as out:
            done = subprocess.run(
                self._command(phase, "--collect-only", "--steward-plan"),
                cwd=self.root,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                check=False,
            )
        path = self.run_dir / f"plan-{phase}.json"
        if done.returncode not in {0, _NOTHING_SELECTED} or not path.exists():
            # What a broken collection has written is no plan, and must not be taken for one.
            path.unlink(missing_ok=True)
            cause = _cause(log.read_text(encoding="utf-8")) or f"pytest ended with {done.returncode}"
            raise StewardError(
                f"phase {phase}", f"its items cannot be collected: {cause}", f"see {log}; nothing of it was run"
            )
        log.unlink()
        plan: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return plan

    @contextmanager
    def running(self, phase: str, workers: int, only: Sequence[str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
        """Run the phase, all of its plan or ``only`` some ids; whatever is left of it at the end is killed."""
        words = [f"-n{workers}", "--max-worker-restart=0"] if workers > 1 else []
        if only is not None:
            path = self.run_dir / f"only-{phase}.json"
            path.write_text(json.dumps(list(only)), encoding="utf-8")
            words.append(f"--steward-only={path}")
        leash, held = os.pipe()
        try:
            with _private(self.run_dir / f"{phase}.log") as out:
                process = subprocess.Popen(
                    self._command(phase, f"--steward-leash={leash}", *words),
                    cwd=self.root,
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=(leash,),
                )
            os.close(leash)
            try:
                yield process
            finally:
                _kill(process)
        finally:
            os.close(held)

    def _command(self, phase: str, *words: str) -> list[str]:
        # Nothing of the operator's own pytest habits may reach a run: no autoloaded plugin, no cache, no strictness.
        return [
            *(sys.executable, "-m", "pytest", "-q", "--tb=short", "--no-header"),
            *("-c", str(self.root / "pyproject.toml"), "--rootdir", str(self.root)),
            *("--disable-plugin-autoload", "-p", "xdist.plugin", "-p", "no:cacheprovider"),
            *("-o", "filterwarnings=default", "-o", "addopts=", "-o", "xfail_strict=true", "--import-mode=importlib"),
            f"--steward-run={self.run_dir}",
            f"--steward-phase={phase}",
            *words,
            *self.selection,
            *_RUNBOOKS,
        ]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in self.environment.items() if not name.startswith("PYTEST_")}
        # pytest cuts the reason in its summary to the terminal's width, unless it thinks that nobody watches.
        return {**kept, "PYTHONUNBUFFERED": "1", "CI": "true"}


def _cause(log: str) -> str | None:
    """Return the line that tells what went wrong with a collection: the exception's, else the error's."""
    lines = [line.strip() for line in log.splitlines()]
    for start in ("E ", "UsageError", "ERROR"):
        told = [line.removeprefix("E ").strip() for line in lines if line.startswith(start)]
        if told:
            return told[-1]
    return None


def end(
    process: subprocess.Popen[bytes],
    cancel: Callable[[], object],
    grace: float,
) -> None:
    """End a phase whose time is over: its statements are cancelled, then it is interrupted, then killed.

    An interrupted pytest writes no outcome, hence the statements first; a stopped worker hears nothing but SIGKILL.
    """
    for step in (cancel, lambda: process.send_signal(signal.SIGINT)):
        step()
        if _gone(process, grace):
            return
    _kill(process)


def _gone(process: subprocess.Popen[bytes], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            return True
        time.sleep(_TICK)
    return process.poll() is not None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the phase's process group: a worker outlives its controller for a moment."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def _private(path: Path) -> Iterator[int]:
    """Open a log for appending that only its owner may read."""
    out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        yield out
    finally:
        os.close(out)
