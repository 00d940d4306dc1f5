"""A throwaway server with real durability, the suite as an operator runs it, and what was measured."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from steward import profile
from steward.database import session
from steward.database.target import Target
from steward.server import binaries
from steward.server.embedded import SETTINGS
from steward.server.postmaster import PrivateServer
from steward.setup import bootstrap, demo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["ROOT", "Database", "Place", "Ratio", "Run", "in_turn", "opened", "say", "timed"]

ROOT = Path(__file__).resolve().parent.parent
# fsync, synchronous_commit, full_page_writes and the sizes of the WAL are the server's defaults: a limit that only
# holds without durability is worth nothing. Autovacuum sleeps, as in the embedded demo, so that it measures nothing.
DURABLE = {**SETTINGS, "archive_mode": "off", "shared_buffers": "512MB", "max_connections": "100"}
_HOMES = Path("/var/tmp")  # noqa: S108 - mkdtemp makes a folder of its own in it
_NAMING = ("DATABASE_URL", "STEWARD_", "PG", "PYTEST_", "NO_COLOR")
_LONGEST = 1800
_MEGABYTE = 1024  # of ru_maxrss, which is in kilobytes
_numbers = itertools.count(1)

Connection = psycopg.Connection[dict[str, Any]]


@dataclass(frozen=True)
class Ratio:
    """Two figures of the same work, measured side by side; both are better when they are smaller.

    ``limit`` is the largest allowed ratio, or, where ``absolute``, the largest allowed value of ours. None: the figures
    are shown, and have no limit.
    """

    name: str
    ours: float
    theirs: float
    unit: str
    limit: float | None
    note: str = ""
    absolute: bool = False
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    @property
    def ratio(self) -> float | None:
        """Ours to theirs; None where theirs is nothing."""
        return self.ours / self.theirs if self.theirs else None

    @property
    def kept(self) -> bool | None:
        """Whether the limit was kept; None where there is none to keep."""
        found = self.ours if self.absolute else self.ratio
        if self.limit is None:
            return None
        return found is not None and found <= self.limit

    def __str__(self) -> str:
        """Return it in one line."""
        ratio = "-" if self.ratio is None else f"{self.ratio:.2f}"
        limit = "-" if self.limit is None else f"{self.limit:g}{f' {self.unit}' if self.absolute else ''}"
        verdict = {True: "kept", False: "MISSED", None: "shown"}[self.kept]
        figures = (
            f"ours {self.ours:>10.3f} theirs {self.theirs:>10.3f} {self.unit:<3} ratio {ratio:>6} limit {limit:<7}"
        )
        return f"{self.name:<58} {figures} {verdict:<6} load {self.load:.2f}{f'  ({self.note})' if self.note else ''}"


@dataclass(frozen=True)
class Run:
    """A run that has ended; ``seconds`` of all of it, ``peak`` in MB of the largest of its processes."""

    code: int
    seconds: float
    peak: float
    record: dict[str, Any]

    def items(self, name: str) -> list[dict[str, Any]]:
        """Return the record's items called ``name``."""
        return [item for item in self.record["items"] if item["name"] == name]


@dataclass(frozen=True)
class Database:
    """One database of the throwaway server."""

    name: str
    place: Place = field(repr=False)

    def conninfo(self, user: str = "postgres") -> str:
        """Return libpq's words for it."""
        return self.place.server.conninfo(user, self.name)

    def connect(self, user: str = "postgres", **options: Any) -> Connection:
        """Connect, autocommit and with dict rows."""
        return psycopg.connect(self.conninfo(user), **{"autocommit": True, "row_factory": dict_row, **options})

    def execute(self, *statements: Any, params: Any = None, user: str = "postgres") -> list[dict[str, Any]]:
        """Run statements on a connection of their own, and return the rows of the last one."""
        with self.connect(user) as conn:
            for statement in statements:
                cursor = conn.execute(statement, params)
            return cursor.fetchall() if cursor.description else []

    def program(self, name: str, *words: str, user: str = "postgres") -> float:
        """Run one of PostgreSQL's client programs (vacuumdb, reindexdb) and return its seconds."""
        found = self.place.server.binaries
        command = [found.program(name), *words, self.conninfo(user)]
        started = time.monotonic()
        done = subprocess.run(command, env=found.environment, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - started
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stderr}")
        return seconds

    def copied(self) -> Database:
        """Return another database with the same content; nobody may be connected to this one."""
        return self.place.create(self.name)

    def drop(self) -> None:
        """Drop it, whoever is connected."""
        with self.place.connect() as conn:
            conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(self.name)))


class Place:
    """A throwaway server of the suite's binaries (STEWARD_BINDIR chooses others); superuser ``postgres``."""

    def __init__(self, home: Path, scale: float) -> None:
        self.home = home
        self.scale = scale
        found = binaries.find(os.environ, home / "binaries")
        self.server = PrivateServer(home / "cluster", found, DURABLE)

    def __str__(self) -> str:
        """Describe the server, for whoever reads a figure."""
        return (
            f"PostgreSQL {self.server.binaries.version_text}, fsync on, shared_buffers {DURABLE['shared_buffers']}, "
            f"scale {self.scale:g}"
        )

    def connect(self, database: str = "postgres") -> Connection:
        """Connect as the superuser."""
        return psycopg.connect(self.server.conninfo("postgres", database), autocommit=True, row_factory=dict_row)

    def create(self, template: str = "template0") -> Database:
        """Create an empty database, or a copy of another one, file by file, so that the WAL has nothing of it."""
        found = Database(f"bench_{next(_numbers)}", self)
        how = sql.SQL("strategy file_copy") if self.server.binaries.version >= 15 else sql.SQL("")
        names = sql.Identifier(found.name), sql.Identifier(template), how
        with self.connect() as conn:
            conn.execute(sql.SQL("create database {} template {} {}").format(*names))
        return found

    def validahub(self, first: int = -2, last: int = 3) -> Database:
        """Create a database with the schema and the suite's own objects, without rows; leaves for these months."""
        found = self.create()
        with session.login(Target("database", found.conninfo(), "bench")) as conn:
            demo.schema(conn)
            demo.partitions(conn, first, last)
            bootstrap.apply(conn, profile.load("development"))
        return found

    def run_suite(self, database: Database, *words: str, own: str = "", expected: tuple[int, ...] = (0,)) -> Run:
        """Run ``python -m steward daily`` as an operator does; ``own`` is a profile's text, extending development.

        Raises:
            RuntimeError: it ended with another code than the expected ones.

        """
        chosen = self.home / f"profile_{next(_numbers)}.toml"
        chosen.write_text(f'extends = "development"\n{own}', encoding="utf-8")
        runs = self.home / f"runs_{next(_numbers)}"
        command = [sys.executable, "-m", "steward", "daily", "--quiet", "--no-report", *words]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_NAMING)}
        named = {"DATABASE_URL": database.conninfo("validahub_maintenance"), "STEWARD_PROFILE": str(chosen)}
        env = {**kept, **named, "STEWARD_RUNS": str(runs)}
        log = self.home / f"said_{next(_numbers)}"
        started = time.monotonic()
        with log.open("w") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
            code, peak = _ended(process)
        seconds = time.monotonic() - started
        if code not in expected:
            raise RuntimeError(f"steward ended with {code}: {log.read_text(encoding='utf-8')}")
        record = json.loads((runs / "latest" / "run.json").read_text(encoding="utf-8"))
        return Run(code, seconds, peak, record)

    def rest(self) -> None:
        """Write out what earlier work left dirty, so that the next measurement does not pay for it."""
        with self.connect() as conn:
            conn.execute("checkpoint")

    def wal(self) -> int:
        """Return the WAL's position in bytes; what was written in between is the difference of two."""
        with self.connect() as conn:
            row = conn.execute("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as bytes").fetchone()
        return int(row["bytes"]) if row else 0


@contextmanager
def opened(scale: float = 1.0) -> Iterator[Place]:
    """Yield a new server, which is gone afterwards."""
    # Not below a private folder: root's server runs as another user, who must enter it.
    home = Path(tempfile.mkdtemp(prefix="steward-bench-", dir=_HOMES))
    home.chmod(0o755)
    place = Place(home, scale)
    try:
        place.server.initialise()
        place.server.start()
        yield place
    finally:
        place.server.stop()
        shutil.rmtree(home)


def timed(do: Callable[[], object]) -> float:
    """Return the seconds that ``do`` takes."""
    started = time.monotonic()
    do()
    return time.monotonic() - started


def _ended(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    """Wait for a process; return its exit code and the most memory (MB) that it or one of its own children had."""
    late = threading.Timer(_LONGEST, process.kill)
    late.start()
    _, status, usage = os.wait4(process.pid, 0)
    late.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss / _MEGABYTE


def in_turn(rounds: int, ours: Callable[[], float], theirs: Callable[[], float]) -> tuple[float, float]:
    """Return the medians of figures taken in turn, so that both meet the same load and the same caches."""
    figures: list[tuple[float, float]] = []
    for number in range(rounds):
        if number % 2:
            late = theirs()
            figures.append((ours(), late))
        else:
            figures.append((ours(), theirs()))
    return median(own for own, _ in figures), median(their for _, their in figures)


def say(what: str) -> None:
    """Report progress to the person who waits."""
    sys.stderr.write(f"bench: {what}\n")
    sys.stderr.flush()
