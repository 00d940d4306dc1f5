"""The texts of a record that every page shows in the same way: headline, totals, figures, durations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["duration", "faults", "figure", "headline", "rate", "totals"]


def headline(run: Mapping[str, Any]) -> str:
    """Return the run's kind, database and status; a demo is always marked as one."""
    demo = "EMBEDDED DEMO · " if run["demo"] else ""
    kind = {"checks": "Checks"}.get(run["schedule"], f"{run['schedule'].capitalize()} maintenance")
    plan = " plan" if run["mode"] == "plan" else ""
    return f"{demo}{kind}{plan} of {run['target']['database'] or run['target']['label']} · {run['status']}"


def totals(run: Mapping[str, Any]) -> str:
    """Return the run's own count of outcomes: the one that every page must agree with."""
    return ", ".join(f"{count} {outcome}" for outcome, count in run["totals"].items() if count) or "no items"


def rate(run: Mapping[str, Any]) -> int:
    """Return the percentage of decided items that passed, rounded down: 100 only when all of them did."""
    total = run["totals"]
    decided = sum(total.get(outcome, 0) for outcome in ("passed", "failed", "warned", "error", "inconclusive"))
    return 100 * int(total.get("passed", 0)) // decided if decided else 0


def faults(run: Mapping[str, Any]) -> list[str]:
    """Return in which ways plan and outcomes do not match."""
    reconciliation = run["reconciliation"]
    kinds = {
        "missing": "planned, but no outcome was recorded",
        "unplanned": "not planned",
        "repeated": "recorded twice",
    }
    return [f"{key}: {text}" for kind, text in kinds.items() for key in reconciliation.get(kind, [])]


def figure(value: Any) -> str:
    """Return a figure as a person reads it: digits in groups, no quotes around text."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, (int, float)):
        return f"{value:,}"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if value else "none"


def duration(seconds: float | None) -> str:
    """Return seconds as a person reads them: 12 ms, 4.2 s, 3 min 12 s."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"
