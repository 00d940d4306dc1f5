"""The history of runs for the page's trends: one line a run, for runs of one schedule on one database.

Allure appends a line to its history whenever it makes a page. Here it gets a copy, and the new line is kept under the
run's own id and time: making the page of a run again replaces its line, and an old run's page shows only earlier runs.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reports import record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["earlier", "keep", "path"]

# The page draws its trends from these; a line is about as long as the run's record.
_MOST = 60


def path(runs: Path, run: Mapping[str, Any]) -> Path:
    """Return the history that a run belongs to; runs of other databases or schedules are not compared with it."""
    target = run["target"]
    key = f"{target['system_identifier']}\n{target['database']}".encode()
    return runs / f".history-{run['schedule']}-{hashlib.sha256(key).hexdigest()[:12]}.jsonl"


def earlier(file: Path, run: Mapping[str, Any]) -> list[str]:
    """Return the lines of the runs before this one, oldest first."""
    return [
        line
        for line in _lines(file)
        if json.loads(line)["timestamp"] < _milliseconds(run) and _id(line) != run["run_id"]
    ]


def keep(file: Path, run: Mapping[str, Any], line: str) -> None:
    """Put the line that Allure wrote for ``run`` into its history, in place of an earlier one."""
    point = json.dumps({**json.loads(line), "uuid": run["run_id"], "timestamp": _milliseconds(run)})
    with file.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lines = [*(line for line in _lines(file) if _id(line) != run["run_id"]), point]
        lines.sort(key=lambda line: json.loads(line)["timestamp"])
        record.write(file, "".join(f"{line}\n" for line in lines[-_MOST:]))


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def _id(line: str) -> object:
    return json.loads(line)["uuid"]


def _milliseconds(run: Mapping[str, Any]) -> int:
    return round(1000 * datetime.fromisoformat(run["started_at"]).timestamp())
