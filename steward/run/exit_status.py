"""The status and the exit code of a run, computed from its record, and the error line of its row in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["error_line", "exit_code", "reconciled", "status", "unplanned"]

# Actions that must not be put off in silence: data would be kept too long, or rows would have no partition.
_NEVER_DEFERRED = ("purge", "partitions")
_FAILED = ("failed", "inconclusive", "error")


def exit_code(run: Mapping[str, Any], *, interrupted: bool) -> int:
    """Return the exit code; of several reasons the first counts: 5, 4, 1, 3, 0. Code 2 is never computed here."""
    items = run["items"]
    if interrupted:
        return 5
    if not reconciled(run):
        return 4
    if any(_is_failure(item) for item in items):
        return 1
    actions = [item for item in items if item["kind"] == "action"]
    if (actions or unplanned(run)) and all(item["outcome"] == "deferred" for item in actions):
        return 3
    return 1 if unplanned(run) or any(_is_overdue(item) for item in items) else 0


def unplanned(run: Mapping[str, Any]) -> list[str]:
    """Return why phases could not be planned within the window; what was due in them is not known."""
    return [f"phase {phase['name']}: deferred: {phase['deferred']}" for phase in run["phases"] if "deferred" in phase]


def reconciled(run: Mapping[str, Any]) -> bool:
    """Return whether every planned item has exactly one outcome, and nothing else ran."""
    reconciliation = run["reconciliation"]
    return not (reconciliation["missing"] or reconciliation["unplanned"] or reconciliation["repeated"])


def status(run: Mapping[str, Any], code: int) -> str:
    """Return the run's status in one word."""
    totals = run["totals"]
    if code == 0:
        return "warned" if totals["warned"] else "passed"
    if code == 1:
        return "error" if totals["error"] and not totals["failed"] else "failed"
    return {2: "error", 3: "deferred", 4: "unreconciled", 5: "interrupted"}[code]


def error_line(run: Mapping[str, Any]) -> str | None:
    """Return the first failure of an action; None when there is none, which completes the log's row."""
    wrong = [item for item in run["items"] if item["kind"] == "action" and (_is_failure(item) or _is_overdue(item))]
    if not wrong:
        return next(iter(unplanned(run)), None)
    first = wrong[0]
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return f"{first['name']} {first['subject']}: {first['outcome']}: {first['reason']}{more}"


def _is_failure(item: Mapping[str, Any]) -> bool:
    return item["outcome"] in _FAILED


def _is_overdue(item: Mapping[str, Any]) -> bool:
    return item["name"] in _NEVER_DEFERRED and item["outcome"] in {"busy", "deferred"}
