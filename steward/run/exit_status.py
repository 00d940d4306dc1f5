"""From the folded record to a status, an exit code, and what the log's row says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["error_line", "exit_code", "holds", "status", "unplanned"]

# What must not wait for tomorrow in silence: data kept too long, or a month without a place to go.
_NEVER_LATE = ("purge", "partitions")
_BAD = ("failed", "inconclusive", "error")


def exit_code(run: Mapping[str, Any], *, interrupted: bool) -> int:
    """Return the exit code: several reasons at once count as 2 > 5 > 4 > 1 > 3 > 0 (2 never reaches a record's end)."""
    items = run["items"]
    if interrupted:
        return 5
    if not holds(run):
        return 4
    if any(_is_bad(item) for item in items):
        return 1
    actions = [item for item in items if item["kind"] == "action"]
    if (actions or unplanned(run)) and all(item["outcome"] == "deferred" for item in actions):
        return 3
    return 1 if unplanned(run) or any(_is_late(item) for item in items) else 0


def unplanned(run: Mapping[str, Any]) -> list[str]:
    """Return why phases could not be planned within the window: what was due in them nobody knows."""
    return [f"phase {phase['name']}: deferred: {phase['deferred']}" for phase in run["phases"] if "deferred" in phase]


def holds(run: Mapping[str, Any]) -> bool:
    """Tell whether every planned item has exactly one outcome, and nothing else ran."""
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
    """Return what went wrong with the actions; None when only checks found something, which completes the log's row."""
    wrong = [item for item in run["items"] if item["kind"] == "action" and (_is_bad(item) or _is_late(item))]
    if not wrong:
        return next(iter(unplanned(run)), None)
    first = wrong[0]
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return f"{first['name']} {first['subject']}: {first['outcome']}: {first['reason']}{more}"


def _is_bad(item: Mapping[str, Any]) -> bool:
    return item["outcome"] in _BAD


def _is_late(item: Mapping[str, Any]) -> bool:
    return item["name"] in _NEVER_LATE and item["outcome"] in {"busy", "deferred"}
