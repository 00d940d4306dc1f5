"""The report step of a run, in a process of its own, so that a broken report cannot fail a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from steward import StewardError
from steward.record.provenance import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from steward.terminal.live import Terminal

__all__ = ["finish", "latest", "make", "notices", "render", "runs"]

_SECONDS = 300
_NAMING = ("DATABASE_URL", "PG")


def runs(environ: Mapping[str, str]) -> Path:
    """Return the folder of all runs: STEWARD_RUNS, or ``reports/runs`` of the checkout."""
    return ROOT.joinpath(environ.get("STEWARD_RUNS") or "reports/runs")


def make(run_dir: Path, environ: Mapping[str, str]) -> str | None:
    """Have the report of ``run_dir`` made by another process; return why it was not, None when it was.

    The process gets no name or password of the database: it only reads the run's directory.
    """
    environment = {name: value for name, value in environ.items() if not name.startswith(_NAMING)}
    log = run_dir / "report.log"
    with log.open("wb") as out:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "steward", "report", str(run_dir)],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    return None if done.returncode == 0 else f"it ended with {done.returncode}, see {log}"


def finish(run_dir: Path, environ: Mapping[str, str], terminal: Terminal, *, wanted: bool) -> dict[str, str]:
    """Make the report if it is wanted, and return the paths of the results; a failure is shown and fails nothing."""
    latest(run_dir)
    paths = {"record": str(run_dir / "run.json")}
    if not wanted:
        return paths
    failure = make(run_dir, environ)
    if failure:
        terminal.error(f"report: not made: {failure}; nox -s report -- {run_dir} makes it again")
        return paths
    for line in notices(run_dir):
        terminal.message(line)
    return {"report": str(run_dir / "report" / "index.html"), **paths}


def notices(run_dir: Path) -> list[str]:
    """Return the notices of the renderer, such as why it made the plain page instead of Allure's."""
    lines = (run_dir / "report.log").read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if line.startswith("reports: ")]


def render(run_dir: Path) -> int:
    """Write the Allure results, and become the renderer, which imports nothing of the engine.

    Raises:
        StewardError: there is no record to report.

    """
    path = run_dir / "run.json"
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StewardError(
            str(path), f"not a run's record ({error})", "name the directory of a run that has ended"
        ) from None
    # Imported here: a supervisor does not need it.
    from steward.record import allure  # noqa: PLC0415

    os.umask(0o077)
    allure.write(run, run_dir / "allure-results")
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "reports", str(run_dir)])  # noqa: S606 - becomes the renderer


def latest(run_dir: Path) -> None:
    """Point the link ``latest`` at the run's directory, in one step."""
    fresh = run_dir.parent / f".latest-{run_dir.name}"
    fresh.symlink_to(run_dir.name)
    fresh.replace(run_dir.parent / "latest")
