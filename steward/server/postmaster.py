"""One PostgreSQL server process on one data directory: made, started, stopped, killed; also when the caller is root."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg.conninfo import make_conninfo

from steward import TargetError
from steward.server.binaries import make_folder, server_user

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steward.server.binaries import Binaries

__all__ = ["PrivateServer"]

_SOCKETS = Path("/tmp")  # noqa: S108 - short, as sockets' paths must be; each folder in it comes from mkdtemp, 0700
_START = 60.0  # seconds for a start, crash recovery included
_STOP = 60.0
_ORPHANS = 10.0  # for the backends of a postmaster that was killed to notice and go
_READY = 8  # the line of postmaster.pid that holds the state, src/include/utils/pidfile.h
_SOCKET = 5  # and the socket folder
_TELLING = re.compile(r"FATAL|PANIC|error|invalid|unrecognized|could not", re.IGNORECASE)
_PREFIX = re.compile(r"^.*?\b(LOG|FATAL|PANIC|ERROR|error):\s+")
_LOG_LIMIT = 10_000_000  # bytes after which a start begins a new log


class PrivateServer:
    """One data directory and the postmaster on it; ``data/``, ``archive/`` and ``server.log`` lie in ``place``.

    It listens on a unix socket in a short folder that only its user may enter, which makes ``trust`` acceptable.
    """

    def __init__(self, place: Path, binaries: Binaries, settings: Mapping[str, str]) -> None:
        self.place = place
        self.binaries = binaries
        self.settings = settings
        self.data = place / "data"
        self.log = place / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._made: Path | None = None  # the socket folder of the latest start, which may have failed before it said so

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
        make_folder(self.place)
        for name in ("data", "archive"):
            (self.place / name).mkdir(mode=0o700)
            os.chown(self.place / name, server_user().uid, server_user().gid)
        words = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--data-checksums")
        self._initdb(*words)
        _write(self.data / "postgresql.conf", "\ninclude '../steward.conf'\n", os.O_APPEND)

    def sync(self) -> None:
        """Bring to disk what was written without fsync, while the postmaster is stopped."""
        self._initdb("--sync-only")

    def _initdb(self, *words: str) -> None:
        program = [self.binaries.program("initdb"), "-D", str(self.data), *words]
        done = subprocess.run(program, capture_output=True, text=True, check=False, **self._as_user())
        if done.returncode:
            remedy = f"see that {self.place} is writable and has room"
            raise TargetError("embedded server", f"initdb failed: {_cause(done.stderr)}", remedy)

    def start(self, **overrides: str) -> None:
        """Start the postmaster and wait until it accepts connections; nothing is done when it already does."""
        if self.pid is not None:
            return self._await_ready(self.pid, self._log_size())
        self._clear(self.sockets)
        self._configure()
        if self._log_size() > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.old"))
        until = time.monotonic() + _ORPHANS
        while True:
            began = self._log_size()
            process = self._launch(overrides)
            try:
                return self._await_ready(process.pid, began)
            except TargetError:
                self._clear(self.sockets or self._made)
                if "pre-existing shared memory block" not in self._logged(began) or time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the postmaster: SIGINT ends connections and checkpoints, SIGQUIT leaves recovery to the next start."""
        pid, sockets = self.pid, self.sockets
        if pid is not None:
            os.kill(pid, how)
            if not self._gone(pid, _STOP):
                os.kill(pid, signal.SIGQUIT)
                self._gone(pid, _STOP)
        self._clear(sockets)

    def kill(self) -> None:
        """Kill the postmaster as a crash would; its socket and pid file stay behind."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            self._gone(pid, _STOP)

    def leave(self) -> None:
        """Leave the postmaster running, for other users of it."""
        if self._process is not None:
            # Still our child, so ours to reap when it ends.
            threading.Thread(target=self._process.wait, daemon=True).start()
            self._process = None

    def _launch(self, overrides: Mapping[str, str]) -> subprocess.Popen[bytes]:
        # A socket's path may have 103 bytes on some systems, which a state folder below a home often exceeds.
        sockets = self._made = Path(tempfile.mkdtemp(prefix="steward-", dir=_SOCKETS))
        os.chown(sockets, server_user().uid, server_user().gid)
        settings = {"unix_socket_directories": str(sockets), "port": "5432", **overrides}
        words = [f"--{name}={value}" for name, value in settings.items()]
        with self.log.open("ab") as log:
            # A session of its own: the terminal's Ctrl-C is for the run, which then still needs its server.
            self._process = subprocess.Popen(
                [self.binaries.program("postgres"), "-D", str(self.data), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._as_user(),
            )
        return self._process

    def _as_user(self) -> dict[str, Any]:
        """Return what makes a child the server's user, in a folder and environment that are that user's."""
        who = server_user()
        switch: dict[str, Any] = {"user": who.uid, "group": who.gid, "extra_groups": []} if who.foreign else {}
        return {"cwd": self.data, "env": self.binaries.environment, **switch}

    def _configure(self) -> None:
        """Write the settings anew, so that a newer suite's reach a data directory of an older one's."""
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in self.settings.items()]
        path = self.place / "steward.conf"
        path.write_text("".join(lines), encoding="utf-8")
        path.chmod(0o644)

    def _await_ready(self, pid: int, since: int) -> None:
        """Wait for the line in postmaster.pid that pg_ctl waits for."""
        until = time.monotonic() + _START
        while time.monotonic() < until:
            lines = self._pidfile()
            if len(lines) >= _READY and lines[0].strip() == str(pid) and lines[_READY - 1].strip() == "ready":
                return
            if self._gone(pid, 0.02):
                break
        raise TargetError("embedded server", f"it does not start: {_cause(self._logged(since))}", f"see {self.log}")

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

    def _clear(self, sockets: Path | None) -> None:
        """Remove a dead postmaster's socket folder, and make its pid file harmless."""
        if sockets is not None and sockets.parent == _SOCKETS and sockets.name.startswith("steward-"):
            shutil.rmtree(sockets, ignore_errors=True)
        lines = self._pidfile()
        if lines:
            # The number may be another process's by now, which PostgreSQL would respect; it disregards its parent's.
            # The rest stays: from it the server finds out whether the dead postmaster's backends are still at work.
            _write(self.data / "postmaster.pid", "\n".join([str(os.getpid()), *lines[1:]]) + "\n", os.O_TRUNC)

    def _pidfile(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def _logged(self, since: int) -> str:
        with self.log.open("rb") as file:
            file.seek(since)
            return file.read().decode(errors="replace")


def _command(pid: int) -> str:
    """Return the command line of a process, empty when it is gone or a zombie."""
    proc = Path("/proc")
    if (proc / "self").exists():
        try:
            return (proc / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    words = ["/bin/ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def _cause(output: str) -> str:
    """Return the first line of a program's output that names an error; later ones follow from it."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.search(line)]
    return _PREFIX.sub("", (telling or lines or ["no message"])[0])


def _write(path: Path, text: str, flag: int) -> None:
    """Write into the data directory, which for root is another user's: a link planted there is not followed."""
    handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | flag)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
