"""The private PostgreSQL of a checkout: built once, started when needed, stopped by its last user."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from steward import TargetError
from steward.server.binaries import make_folder
from steward.server.postmaster import PrivateServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from steward.server.binaries import Binaries

__all__ = ["BUILDING", "SETTINGS", "rebuild", "running"]

# The archive is bounded: after each segment the oldest beyond the newest 64 (1 GiB) go, so that a base backup can be
# rolled forward while its first segment is one of those. Paths are relative to the data directory, which is the
# command's working directory: no checkout's name (spaces, quotes, percent signs) ever stands in a shell command.
_ARCHIVE = (
    "test -f ../archive/%f || { cp %p ../archive/.%f && mv ../archive/.%f ../archive/%f; } && "
    "{ ls -t ../archive | grep -E '^[0-9A-F]{24}$' | tail -n +65 | "
    "while read -r old; do rm -f ../archive/$old; done; true; }"
)

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_preload_libraries": "pg_stat_statements",
    "wal_level": "replica",
    "archive_mode": "on",
    "archive_command": _ARCHIVE,
    "max_wal_size": "1GB",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "track_io_timing": "on",
    # On, as in production, but it never starts: an autovacuum worker would do half of the demo's maintenance before
    # the first run. Wraparound takes years here.
    "autovacuum": "on",
    "autovacuum_naptime": "1d",
    # Containers give /dev/shm 64 MB, too little for a parallel vacuum's or index build's share of maintenance_work_mem.
    "dynamic_shared_memory_type": "mmap",
}

# A build that dies is made anew: it need not be durable, nor does it belong in the archive.
BUILDING: Mapping[str, str] = {
    "fsync": "off",
    "wal_level": "minimal",
    "archive_mode": "off",
    "max_wal_senders": "0",
    "full_page_writes": "off",
    "max_wal_size": "512MB",
    "checkpoint_timeout": "1h",
}


@contextmanager
def running(place: Path, binaries: Binaries, build: Callable[[PrivateServer], None]) -> Iterator[PrivateServer]:
    """Yield the server at ``place``, built first where it is missing; the last user stops it.

    Users hold a shared lock, which also ends with a killed process; starting and stopping exclude one another. A build
    that dies leaves ``building/`` behind, which the next one removes: ``data/`` is always whole.
    """
    make_folder(place)
    server = PrivateServer(place, binaries, SETTINGS)
    with _locked(place / "users.lock", fcntl.LOCK_SH) as users:
        with _locked(place / "start.lock", fcntl.LOCK_EX):
            if not server.data.exists():
                _build(place, binaries, build)
            server.start()
        try:
            yield server
        finally:
            with _locked(place / "start.lock", fcntl.LOCK_EX):
                if _alone(users):
                    server.stop()
                else:
                    server.leave()


def rebuild(place: Path, binaries: Binaries, build: Callable[[PrivateServer], None]) -> None:
    """Build the server at ``place`` anew, and only then replace the old one; refused while that is in use."""
    make_folder(place)
    with _locked(place / "users.lock", fcntl.LOCK_SH) as users, _locked(place / "start.lock", fcntl.LOCK_EX):
        if not _alone(users):
            raise TargetError("embedded server", "another run uses it", "wait until that has ended")
        PrivateServer(place, binaries, SETTINGS).stop()
        _build(place, binaries, build)


def _build(place: Path, binaries: Binaries, build: Callable[[PrivateServer], None]) -> None:
    server = PrivateServer(place / "building", binaries, SETTINGS)
    server.stop(signal.SIGQUIT)
    shutil.rmtree(server.place, ignore_errors=True)
    server.initialise()
    try:
        server.start(**BUILDING)
        build(server)
    finally:
        server.stop()
    server.sync()
    for name in ("data", "archive"):
        shutil.rmtree(place / name, ignore_errors=True)
    (server.place / "archive").rename(place / "archive")
    server.data.rename(place / "data")


@contextmanager
def _locked(path: Path, how: int) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, how)
        yield handle
    finally:
        os.close(handle)


def _alone(users: int) -> bool:
    """Whether nobody else holds the lock that ``users`` shares."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
