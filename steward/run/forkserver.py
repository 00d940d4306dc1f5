"""pytest in processes forked from one that has imported it already, which saves half a second in every phase.

The fork server of `multiprocessing` has no connection and no thread. It imports while the supervisor connects, and ends
with the supervisor.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from contextlib import suppress
from multiprocessing import forkserver
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess

__all__ = ["ForkedProcess", "RunningProcess", "start", "warm"]

_CONTEXT = multiprocessing.get_context("forkserver")
# Every phase collects these modules, though few run them; their libraries take long to import.
_STEWARD = Path(__file__).resolve().parents[1]
_ISOLATION = sorted(
    ".".join(room.relative_to(_STEWARD.parent).with_suffix("").parts)
    for room in (_STEWARD / "isolation").rglob("[!_]*.py")
)
_CONTEXT.set_forkserver_preload(["pytest", "steward.plugin", "steward.run.supervisor", *_ISOLATION])


class RunningProcess(Protocol):
    """A process that was started, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int:
        """Its id, and that of its group."""

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for its end, at most ``timeout`` seconds, and return its exit code."""

    def send_signal(self, sig: int) -> None:
        """Send it a signal."""


class ForkedProcess:
    """A process of the fork server."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Its id, and that of its group once it has begun."""
        return self._process.pid or 0

    def poll(self) -> int | None:
        """Return its exit code, None while it runs; that of a signal is negative."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for its end, at most ``timeout`` seconds, and return its exit code, None while it runs."""
        self._process.join(timeout)
        return self.poll()

    def send_signal(self, sig: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sig)


def warm() -> None:
    """Start the fork server, which imports in the background."""
    forkserver.ensure_running()


def start(
    arguments: Sequence[str],
    *,
    root: Path,
    environment: Mapping[str, str],
    log: Path,
    leash: Connection | None = None,
) -> ForkedProcess:
    """Start pytest with ``arguments`` in ``root``; its output goes to ``log``, which only its owner may read.

    ``leash`` is the end of a pipe that it reads: at the end of file it stops.
    """
    parameters = (list(arguments), str(root), dict(environment), str(log), leash)
    process = _CONTEXT.Process(target=_become_pytest, args=parameters, daemon=True)
    process.start()
    return ForkedProcess(process)


def _become_pytest(
    arguments: list[str], root: str, environment: dict[str, str], log: str, leash: Connection | None
) -> NoReturn:
    # pytest collects garbage at its end, a third of the time of a small phase; imported modules are no garbage.
    gc.freeze()
    os.setsid()
    # The fork server was started before the run set its umask; plans name objects of the database.
    os.umask(0o077)
    os.chdir(root)
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for target, opened in (
        (0, os.open(os.devnull, os.O_RDONLY)),
        (1, os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)),
    ):
        os.dup2(opened, target)
        os.close(opened)
    os.dup2(1, 2)
    import pytest  # noqa: PLC0415 - imported before the fork; here only to name it

    leash_option = [] if leash is None else [f"--steward-leash={leash.fileno()}"]
    raise SystemExit(int(pytest.main([*arguments, *leash_option])))
