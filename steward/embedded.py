"""A private PostgreSQL: made once, started when needed, stopped by the last one who uses it.

Everything lies in one *place*: ``data/``, ``archive/``, ``server.log`` and two lock files. The server listens on a unix
socket in a short folder that only its user may enter, which is what makes ``trust`` acceptable; there is no TCP.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

from steward import TargetError
from steward.binaries import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from steward.binaries import Binaries

__all__ = ["BUILDING", "SETTINGS", "Server", "rebuild", "running"]

# The archive is bounded: after each segment the oldest beyond the newest 64 (1 GiB) go. A base backup can be rolled forward
# only while its first segment is younger than that. Paths are relative to the data directory, which is the command's
# working directory, so that no checkout's name (spaces, quotes, percent signs) ever stands in a shell command.
_ARCHIVE = (
    "test -f ../archive/%f || { cp %p ../archive/.%f && mv ../archive/.%f ../archive/%f; } && "
    "{ ls -t ../archive | grep -E '^[0-9A-F]{24}$' | tail -n +65 | while read -r old; do rm -f ../archive/$old; done; true; }"
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
    # On, as in production, and never in the way: the work that the demo data holds is the suite's to do, and an
    # autovacuum worker would have done half of it before the first run looks. Wraparound needs years here.
    "autovacuum": "on",
    "autovacuum_naptime": "1d",
    # Containers give /dev/shm 64 MB, too little for a parallel vacuum's or index build's share of maintenance_work_mem.
    "dynamic_shared_memory_type": "mmap",
}

# Nothing is lost when a build dies (it is made anew), so that it need not be durable; nor does it belong in the archive.
BUILDING: Mapping[str, str] = {
    "fsync": "off",
    "wal_level": "minimal",
    "archive_mode": "off",
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
}

_SOCKETS = Path("/tmp")  # noqa: S108 - short, as sockets' paths must be; each folder in it comes from mkdtemp, 0700
_START = 60.0  # seconds for a start, crash recovery included
_STOP = 60.0
_READY = 8  # the line of postmaster.pid that holds the state, src/include/utils/pidfile.h
_SOCKET = 5  # and the socket folder
_LOG_LIMIT = 10_000_000  # bytes after which a start begins a new log


class Server:
    """One data directory and the postmaster on it."""

    def __init__(self, place: Path, binaries: Binaries, settings: Mapping[str, str] | None = None) -> None:
        self.place = place
        self.binaries = binaries
        self.settings = {**SETTINGS, **(settings or {})}
        self.data = place / "data"
        self.log = place / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while one runs on this data directory."""
        lines = self._pidfile()
        pid = int(lines[0]) if lines and lines[0].strip().isdigit() else 0
        if not pid or (self._process and self._process.pid == pid and self._process.poll() is not None):
            return None
        return pid if str(self.data) in _command(pid) else None

    @property
    def sockets(self) -> Path | None:
        """The folder of the running server's socket."""
        lines = self._pidfile()
        return Path(lines[_SOCKET - 1]) if len(lines) >= _SOCKET and lines[_SOCKET - 1] else None

    def conninfo(self, user: str, database: str) -> str:
        """Return libpq's words for a connection as ``user``; raises TargetError when the server does not run."""
        if self.sockets is None:
            raise TargetError("embedded server", "it is not running", f"see {self.log}")
        return make_conninfo("", host=str(self.sockets), port=5432, user=user, dbname=database)

    def initialise(self) -> None:
        """Make the data directory, with checksums."""
        self.place.mkdir(parents=True, exist_ok=True)
        for folder in (self.data, self.place / "archive"):
            folder.mkdir(mode=0o700)
            os.chown(folder, identity().uid, identity().gid)
        words = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--data-checksums"]
        done = subprocess.run(  # noqa: S603 - our own binaries
            [self.binaries.program("initdb"), "-D", str(self.data), *words],
            capture_output=True,
            text=True,
            check=False,
            **self._as_user(),
        )
        if done.returncode:
            raise TargetError(
                "embedded server",
                f"initdb failed: {_last(done.stderr)}",
                f"see that {self.place} is writable and has room",
            )
        _write(self.data / "postgresql.conf", "\ninclude '../steward.conf'\n", os.O_APPEND)

    def start(self, **overrides: str) -> None:
        """Start the postmaster and wait until it accepts connections; nothing is done when it already does."""
        if self.pid is not None:
            return self._await_ready(self.pid)
        self._clear(self.sockets)
        self._configure()
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.old"))
        for attempt in range(20):
            began = self.log.stat().st_size if self.log.exists() else 0
            self._launch(overrides)
            try:
                return self._await_ready(self._process.pid if self._process else 0)
            except TargetError:
                self._clear(self.sockets)
                # The backends of a postmaster that was killed need a moment to notice.
                if attempt == 19 or "pre-existing shared memory block" not in self._logged(began):
                    raise
                time.sleep(0.5)
        return None

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the postmaster: SIGINT ends connections and checkpoints (fast), SIGQUIT leaves recovery to the next start."""
        pid, folder = self.pid, self.sockets
        if pid is not None:
            os.kill(pid, how)
            if not self._gone(pid, _STOP):
                os.kill(pid, signal.SIGQUIT)
                self._gone(pid, _STOP)
        self._clear(folder)

    def kill(self) -> None:
        """Kill the postmaster as a crash would; its socket and pid file stay behind."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            self._gone(pid, _STOP)

    def _launch(self, overrides: Mapping[str, str]) -> None:
        # A socket's path may have 103 bytes on some systems, which a state folder below a home often exceeds.
        folder = Path(tempfile.mkdtemp(prefix="steward-", dir=_SOCKETS))
        os.chown(folder, identity().uid, identity().gid)
        words = [
            f"--{name}={value}"
            for name, value in {"unix_socket_directories": str(folder), "port": "5432", **overrides}.items()
        ]
        with self.log.open("ab") as log:
            # A session of its own: the terminal's Ctrl-C is for the run, which then still needs its server.
            self._process = subprocess.Popen(  # noqa: S603 - our own binaries
                [self.binaries.program("postgres"), "-D", str(self.data), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._as_user(),
            )

    def _as_user(self) -> dict[str, object]:
        who = identity()
        switch = {"user": who.uid, "group": who.gid, "extra_groups": []} if who.foreign else {}
        return {"cwd": self.data, "env": self.binaries.environment, **switch}

    def _configure(self) -> None:
        """Write the settings anew, so that a newer suite's reach a data directory of an older one's."""
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in self.settings.items()]
        path = self.place / "steward.conf"
        path.write_text("".join(lines), encoding="utf-8")
        path.chmod(0o644)

    def _await_ready(self, pid: int) -> None:
        """Wait for the line in postmaster.pid that pg_ctl waits for."""
        until = time.monotonic() + _START
        began = self.log.stat().st_size if self.log.exists() else 0
        while time.monotonic() < until:
            lines = self._pidfile()
            if len(lines) >= _READY and lines[0].strip() == str(pid) and lines[_READY - 1].strip() == "ready":
                return
            if self._gone(pid, 0.02):
                break
        raise TargetError(
            "embedded server", f"it does not start: {_last(self._logged(began)) or 'no message'}", f"see {self.log}"
        )

    def _gone(self, pid: int, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._process and self._process.pid == pid:
                if self._process.poll() is not None:
                    return True
            elif not _command(pid):
                return True
            time.sleep(0.01)
        return False

    def _clear(self, folder: Path | None) -> None:
        """Remove a dead postmaster's socket folder, and make its pid file harmless."""
        if folder is not None and folder.parent == _SOCKETS and folder.name.startswith("steward-"):
            shutil.rmtree(folder, ignore_errors=True)
        lines = self._pidfile()
        if lines:
            # The number may be another process's by now, which PostgreSQL would respect; it disregards its own parent's. The
            # rest stays, because from it the server finds out whether backends of the dead postmaster are still at work.
            _write(self.data / "postmaster.pid", "\n".join([str(os.getpid()), *lines[1:]]) + "\n", os.O_TRUNC)

    def _pidfile(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _logged(self, since: int) -> str:
        with self.log.open("rb") as file:
            file.seek(since)
            return file.read().decode(errors="replace")


@contextmanager
def running(place: Path, binaries: Binaries, build: Callable[[Server], None]) -> Iterator[Server]:
    """Yield the server at ``place``, built first where it is missing; whoever leaves last stops it.

    Users hold a shared lock, which also ends with a killed process; starting and stopping excludes one another. A build that
    dies leaves ``building/`` behind, which the next one removes: ``data/`` is always whole.
    """
    place.mkdir(parents=True, exist_ok=True)
    server = Server(place, binaries)
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


def rebuild(place: Path, binaries: Binaries, build: Callable[[Server], None]) -> None:
    """Build the server at ``place`` anew, and only then replace the old one; refused while that is in use."""
    place.mkdir(parents=True, exist_ok=True)
    with _locked(place / "users.lock", fcntl.LOCK_SH) as users, _locked(place / "start.lock", fcntl.LOCK_EX):
        if not _alone(users):
            raise TargetError("embedded server", "another run uses it", "wait until that has ended")
        Server(place, binaries).stop()
        _build(place, binaries, build)


def _build(place: Path, binaries: Binaries, build: Callable[[Server], None]) -> None:
    server = Server(place / "building", binaries)
    server.stop(signal.SIGQUIT)
    shutil.rmtree(server.place, ignore_errors=True)
    server.initialise()
    try:
        server.start(**BUILDING)
        build(server)
    finally:
        server.stop()
    os.sync()  # the build ran without fsync
    for folder in ("data", "archive"):
        shutil.rmtree(place / folder, ignore_errors=True)
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


def _command(pid: int) -> str:
    """Return the command line of a process, empty when it is gone or a zombie."""
    proc = Path("/proc")
    if (proc / "self").exists():
        try:
            return (proc / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    return subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout  # noqa: S603, S607


def _last(output: str) -> str:
    """Return the line of a program's output that says what went wrong."""
    lines = [line for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "error" in line.lower()]
    return (telling or lines or [""])[-1].strip()


def _write(path: Path, text: str, flag: int) -> None:
    """Write into the data directory, which for root is another user's: a link planted there is not followed."""
    handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | flag)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
