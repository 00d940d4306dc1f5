"""The journal of a run: one JSON line for each intent and outcome, folded into ``run.json`` at the end.

Several processes append to one file: a line is a single ``write`` on a descriptor opened with O_APPEND, flushed to disk
before the caller goes on, so that an intent is known even when the machine fails. Events that change nothing by
themselves (a start, a statement that was run, progress) are flushed with the next line that must be.
"""

from __future__ import annotations

import errno
import json
import os
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from steward.record import plan
from steward.record.redaction import Redactor, secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from steward.record.plan import PlannedItem

__all__ = ["JOURNAL", "OUTCOMES", "Journal", "fold", "now", "parse", "read", "secrets"]

JOURNAL = "journal.jsonl"

OUTCOMES = (
    "passed",
    "failed",
    "warned",
    "exempt",
    "error",
    "planned",
    "deferred",
    "busy",
    "inconclusive",
    "not needed",
)

# Events that change nothing by themselves. Each batch of a long purge writes two of them, and flushing them may take
# longer than the batch. An intent is flushed before anything is done, an outcome before the next item.
_FLUSHED_LATER = frozenset({"item_started", "progress", "statement"})
_HEAD = '{"t":"'  # how every line begins


def now() -> str:
    """Return the time as records have it: ISO 8601 in UTC, in milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Journal:
    """Appends events to a run's journal; safe for many processes, one instance each."""

    def __init__(self, run_dir: Path, secret: Iterable[str] = ()) -> None:
        self._redactor = Redactor(secret)
        self._file = os.open(run_dir / JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write(self, event: str, **fields: Any) -> None:
        """Append one event, and flush it to disk unless it is of a kind that may wait for the next.

        Raises:
            OSError: the disk is full, or the file is gone; what was to be done must not be done then.

        """
        stamped = {"t": now(), "event": event, "pid": os.getpid(), **self.redact(fields)}
        line = f"{json.dumps(stamped, separators=(',', ':'))}\n".encode()
        if os.write(self._file, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), JOURNAL)
        if event not in _FLUSHED_LATER:
            os.fsync(self._file)

    def keep_secret(self, password: str | None) -> None:
        """Keep a password out of every later event; one from a passfile or a service file is known only now."""
        self._redactor.learn(password)

    def redact(self, value: Any) -> Any:
        """Return ``value`` as JSON knows it, without any password."""
        return self._redactor.redact(value)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def parse(line: str) -> dict[str, Any] | None:
    """Return the event of a line of the journal, None for a line that a crash has cut off.

    The next event is appended to the line that was cut off; then that event is returned.
    """
    if not line.endswith("\n"):
        return None
    for start in (0, line.rfind(_HEAD)):
        with suppress(ValueError):
            event: dict[str, Any] = json.loads(line[start:])
            return event
    return None


def read(run_dir: Path) -> Iterator[dict[str, Any]]:
    """Yield the journal's events in order, without lines that a crash has cut off."""
    path = run_dir / JOURNAL
    if not path.exists():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            event = parse(line)
            if event is not None:
                yield event


def fold(run_dir: Path) -> dict[str, Any]:
    """Return the canonical record of the run (``reports/schema/``) from its journal and plans."""
    run: dict[str, Any] = {"phases": [], "items": [], "messages": [], "canary": None}
    items = {key: _blank(item) for key, item in plan.of_run(run_dir).items()}
    unplanned: set[str] = set()
    recorded: Counter[str] = Counter()
    stated: Counter[str] = Counter()
    for event in read(run_dir):
        key = event.get("item")
        if key is None:
            _fold_run(run, event)
        elif key in items:
            _fold_item(items[key], event)
            recorded[key] += event["event"] == "outcome"
            stated[key] += event["event"] == "statement"
        else:
            unplanned.add(key)
    for key, count in stated.items():
        if count > _KEPT:
            items[key]["figures"] = {**items[key]["figures"], "statements": count}
    missing = sorted(key for key in items if recorded[key] == 0)
    for key in missing:
        items[key] |= {"outcome": "error", "reason": "no outcome was recorded"}
    run["items"] = list(items.values())
    run["totals"] = {outcome: sum(item["outcome"] == outcome for item in run["items"]) for outcome in OUTCOMES}
    run["reconciliation"] = {
        "planned": len(items),
        "recorded": len(items) - len(missing),
        "missing": missing,
        "unplanned": sorted(unplanned),
        "repeated": sorted(key for key, count in recorded.items() if count > 1),
    }
    return run


def _blank(item: PlannedItem) -> dict[str, Any]:
    return {
        **{key: value for key, value in item.to_json().items() if key != "cost"},
        "outcome": None,
        "reason": None,
        "started_at": None,
        "duration_seconds": None,
        "statements": [],
        "before": {},
        "after": {},
        "threshold": None,
        "figures": {},
        "findings": [],
        "evidence": [],
        "log": [],
    }


_KEPT = 100  # a purge of a large leaf has thousands of batches: the journal holds them all, the record the last ones
_ITEM_FIELDS = (
    "outcome",
    "reason",
    "duration_seconds",
    "before",
    "after",
    "threshold",
    "figures",
    "findings",
    "evidence",
)


def _fold_run(run: dict[str, Any], event: dict[str, Any]) -> None:
    facts = {key: value for key, value in event.items() if key not in {"t", "event", "pid"}}
    match event["event"]:
        case "run_started" | "run_finished" | "target":
            run |= facts
        case "phase_planned":
            run["phases"].append(
                {"name": facts["phase"], "started_at": event["t"], "finished_at": None, "examined": facts["examined"]}
            )
        case "phase_deferred":
            run["phases"].append(
                {
                    "name": facts["phase"],
                    "started_at": event["t"],
                    "finished_at": event["t"],
                    "examined": [],
                    "deferred": facts["reason"],
                }
            )
        case "phase_finished":
            run["phases"][-1]["finished_at"] = event["t"]
        case "canary":
            run["canary"] = facts["figures"]
        case "message":
            run["messages"].append(facts["text"])


def _fold_item(item: dict[str, Any], event: dict[str, Any]) -> None:
    match event["event"]:
        case "item_started":
            item["started_at"] = event["t"]
        case "statement":
            names = ("text", "seconds", "rows", "locks", "attempts", "template", "error")
            item["statements"].append({name: event.get(name) for name in names})
            del item["statements"][:-_KEPT]
        case "progress":
            item["log"].append({key: value for key, value in event.items() if key not in {"event", "pid", "item"}})
            del item["log"][:-_KEPT]
        case "outcome":
            item |= {name: event[name] for name in _ITEM_FIELDS if event.get(name) is not None}
        case "escalated":
            item |= {"outcome": event["outcome"], "reason": event["reason"]}
