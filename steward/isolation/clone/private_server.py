"""Private servers, one for each copy; the next run removes those that a killed run has left."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from steward.server import embedded, throwaway
from steward.server.binaries import make_folder
from steward.server.postmaster import PrivateServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from steward.server.binaries import Binaries

__all__ = ["running"]

# Nothing on it has to survive a crash, and only catalogs need memory.
_SETTINGS = {
    **embedded.SETTINGS,
    **embedded.BUILDING,
    "synchronous_commit": "off",
    "shared_preload_libraries": "",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "autovacuum": "off",
    # A statement on a partitioned table locks every leaf, of which the database may have many.
    "max_locks_per_transaction": "1024",
}


@contextmanager
def running(environ: Mapping[str, str], programs: Binaries) -> Iterator[PrivateServer]:
    """Yield a new server without a database; its folder is locked while the process lives."""
    place = throwaway.server_folder(environ, programs.version) / "clones"
    make_folder(place)
    home = place / secrets.token_hex(6)
    with _locked(place / "sweep.lock"):
        _sweep(place, programs)
        make_folder(home)
        owner = _lock(home / "owner", fcntl.LOCK_EX)
    server = PrivateServer(home, programs, _SETTINGS)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        _remove(server)
        os.close(owner)


def _sweep(place: Path, programs: Binaries) -> None:
    """Remove the servers of processes that have ended: nobody locks their owner file any more."""
    for mark in place.glob("*/owner"):
        with suppress(BlockingIOError, FileNotFoundError):
            owner = _lock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(PrivateServer(mark.parent, programs, _SETTINGS))
            os.close(owner)


def _remove(server: PrivateServer) -> None:
    server.stop(signal.SIGQUIT)
    shutil.rmtree(server.place, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    handle = _lock(path, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(handle)


def _lock(path: Path, how: int) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, how)
    except OSError:
        os.close(handle)
        raise
    return handle
