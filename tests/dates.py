"""Prove that today's date decides nothing: ``python -m tests.dates [MOMENT …] [pytest's words]``.

Each moment is a run of the date-sensitive tests under libfaketime, servers and their clients included. Its clock starts
there and goes on. As many moments as there are cores run side by side. It exits with 1 when one fails, and shows all of
them first. Without libfaketime it says so and exits with 0, or with 1 where REQUIRE_FAKETIME is set.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / ".nox" / "dates"
# Debian's package faketime; the folder is named for the machine.
LIBRARIES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib*/faketime/libfaketime.so.1")
# UTC: when the clock starts, and the time zone of the machine where it matters. All lie in the past: the timers of a
# server never fire while its clock is ahead.
MOMENTS = {
    "first-minute-of-month": ("2026-09-01T00:00:00", "UTC"),
    "last-minutes-of-month": ("2026-09-30T23:57:00", "UTC"),
    "first-minute-of-year": ("2026-01-01T00:00:00", "UTC"),
    "last-minutes-of-year": ("2025-12-31T23:57:00", "UTC"),
    "28-february-of-leap-year": ("2024-02-28T23:57:00", "UTC"),
    "29-february": ("2024-02-29T12:00:00", "UTC"),
    "week-53": ("2021-01-02T01:00:00", "UTC"),
    "third-hour-of-month": ("2026-06-01T02:30:00", "UTC"),
    "sao-paulo-summer-begins": ("2018-11-04T02:58:00", "America/Sao_Paulo"),
    "sao-paulo-summer-ends": ("2019-02-17T01:58:00", "America/Sao_Paulo"),
    "europe-summer-begins": ("2026-03-29T00:58:00", "Europe/Berlin"),
    "europe-summer-ends": ("2026-10-25T00:58:00", "Europe/Berlin"),
}
# What reads a clock: coming partitions, retention, purge, trends, the log, and a whole run.
TESTS = (
    "tests/maintenance/test_partitions.py",
    "tests/maintenance/test_purge.py",
    "tests/checks/test_history.py",
    "tests/checks/test_partitions.py",
    "tests/checks/test_retention.py",
    "tests/steward/actions/partitioning",
    "tests/steward/record/test_ledger.py",
    "tests/steward/retention",
    "tests/steward/setup/test_demo.py",
    "tests/runs/test_faults.py::test_time_is_utc_wherever_the_client_and_the_server_are",
)
# Tests that measure waits: libfaketime keeps none of the server's timers, such as statement_timeout and lock_timeout.
WAITING = (
    "readers_are_not_stalled",
    "while_a_batch_looks_at_it",
    "locked_at_first",
    "takes_too_long",
    "killed",
    "holds_that_cannot_be_read",
    "backend_is_ended",
    "crash",
    "locked",
    "busy",
)

# How often tests that failed may start anew: see _prove_again.
_AGAIN = 2
_FAILED = re.compile(r"^(?:FAILED|ERROR) (tests/.+?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Result:
    """How the tests ended at one moment."""

    name: str
    code: int
    last: str
    seconds: float


def main(words: list[str]) -> int:
    """Run every moment that is asked for, print the table, and return the exit code."""
    found = sorted(path for pattern in LIBRARIES for path in Path("/").glob(pattern.removeprefix("/")))
    if not found:
        sys.stdout.write("SKIPPED: libfaketime is not installed (Debian: apt-get install faketime)\n")
        return 1 if os.environ.get("REQUIRE_FAKETIME") else 0
    names = [word for word in words if word in MOMENTS] or list(MOMENTS)
    passed_on = [word for word in words if word not in MOMENTS]
    LOGS.mkdir(parents=True, exist_ok=True)
    for name in names:
        _log(name).unlink(missing_ok=True)
    with ThreadPoolExecutor(max(os.cpu_count() or 2, 2)) as pool:
        results = list(pool.map(lambda name: _prove(name, found[0], [*_chosen(passed_on), *TESTS]), names))
    for _ in range(_AGAIN):
        results = [_prove_again(result, found[0]) for result in results]
    for result in results:
        if result.code:
            sys.stdout.write(f"\n=== {result.name}\n{_log(result.name).read_text(encoding='utf-8')}")
    Console(width=160).print(_table(results))
    return 1 if any(result.code for result in results) else 0


def _prove(name: str, library: Path, words: list[str]) -> Result:
    """Run the tests at one moment."""
    started = time.monotonic()
    code = _pytest(name, library, words)
    return Result(name, code, _summary(_log(name)), time.monotonic() - started)


def _prove_again(result: Result, library: Path) -> Result:
    """Start the failed tests at their moment anew, alone on the machine: a test that the date breaks fails again.

    A timer that reaches a server inside libfaketime lets it read the real clock, and then a statement times out much
    too early. That was seen in one whole run of four on a busy machine, and in one of fifteen on a quiet one.
    """
    text = _log(result.name).read_text(encoding="utf-8")
    failed = sorted(set(_FAILED.findall(text)))
    if result.code != 1 or not failed:
        return result
    again = _prove(result.name, library, failed)
    seconds = result.seconds + again.seconds
    return Result(result.name, again.code, f"{result.last}; alone: {again.last}", seconds)


def _pytest(name: str, library: Path, words: list[str]) -> int:
    with _log(name).open("ab") as log:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *words],
            cwd=ROOT,
            env={**os.environ, **_clock(name, library)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
        ).returncode


def _summary(log: Path) -> str:
    lines = re.findall(r"^.*\d+ (?:passed|failed|error).*$", log.read_text(encoding="utf-8"), re.MULTILINE)
    return lines[-1].strip("= ") if lines else "no summary"


def _chosen(words: list[str]) -> list[str]:
    return words if "-k" in words else ["-k", f"not ({' or '.join(WAITING)})", *words]


def _clock(name: str, library: Path) -> dict[str, str]:
    """Return the environment in which the clock starts at the moment and goes on; all processes agree on the time."""
    moment, zone = MOMENTS[name]
    offset = datetime.fromisoformat(moment).replace(tzinfo=UTC) - datetime.now(UTC)
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{round(offset.total_seconds()):+d}s",
        # Waits go by the monotonic clock, which the kernel's own waits cannot be told to fake.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
        "PYTHONPATH": str(ROOT / "tests" / "clock"),
        "TZ": zone,
    }


def _log(name: str) -> Path:
    return LOGS / f"{name}.log"


def _table(results: list[Result]) -> Table:
    table = Table("moment", "clock starts at (UTC)", "time zone", "tests", "seconds", title="Dates")
    for result in results:
        table.add_row(result.name, *MOMENTS[result.name], result.last, str(round(result.seconds)))
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
