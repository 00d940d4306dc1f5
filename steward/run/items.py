"""The pytest items of a run: their place in the plan, and the one outcome that each of them ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from steward import OutcomeException, RefusalError, StewardError
from steward.database import queries
from steward.engine.check import summary
from steward.engine.controls import CONTROLS
from steward.engine.executor import ended_by_window
from steward.record.plan import PlannedItem
from steward.run.phase import PHASES

if TYPE_CHECKING:
    from steward.engine.check import Check
    from steward.engine.executor import RunSettings
    from steward.engine.operation import DueSubject

__all__ = ["SEVERITIES", "Conclusion", "conclude", "kind", "order", "phase_of", "planned"]

SEVERITIES = ("trivial", "minor", "normal", "critical", "blocker")

Conclusion = tuple[str, str | None]


def kind(item: pytest.Item) -> str | None:
    """Return ``action`` or ``check`` by the item's folder, None for anything else."""
    folder = item.nodeid.split("/", 1)[0]
    return {"maintenance": "action", "checks": "check"}.get(folder)


def phase_of(item: pytest.Item) -> str:
    """Return the phase that the item's marker names; without one it is ``verify``.

    Raises:
        pytest.UsageError: there is no such phase; the item would never run.

    """
    marker = item.get_closest_marker("phase")
    name = str(_phase(*marker.args, **marker.kwargs)[0]) if marker else "verify"
    if name not in PHASES:
        raise pytest.UsageError(f"{item.nodeid} is in the unknown phase {name} (known: {', '.join(PHASES)})")
    return name


def _phase(name: str, step: int = 0) -> tuple[str, int]:
    return name, step


def _step(item: pytest.Item) -> int:
    marker = item.get_closest_marker("phase")
    return _phase(*marker.args, **marker.kwargs)[1] if marker else 0


def _due(item: pytest.Item) -> DueSubject[Any] | None:
    marker = item.get_closest_marker("due")
    return marker.args[0] if marker else None


def order(item: pytest.Item) -> tuple[int, float, str]:
    """Return the sort key of an item: its step, then the costliest first, then its id."""
    due = _due(item)
    return (_step(item), -due.cost if due else 0.0, item.nodeid)


def _first_line(text: str | None) -> str:
    lines = (text or "").strip().splitlines()
    return lines[0].strip() if lines else ""


def planned(item: pytest.Item, phase: str) -> PlannedItem:
    """Return the item as the plan has it."""
    function = getattr(item, "function", None)
    module = getattr(item, "module", None)
    due = _due(item)
    severity = item.get_closest_marker("severity")
    return PlannedItem(
        id=item.nodeid,
        kind=kind(item),
        name=getattr(item, "originalname", item.name).removeprefix("test_"),
        subject=due.label if due else "",
        title=_first_line(getattr(function, "__doc__", None)),
        why=due.why if due else _first_line(getattr(module, "__doc__", None)),
        lane=due.lane if due else item.nodeid,
        cost=due.cost if due else 0.0,
        estimate=due.estimate if due else "",
        phase=phase,
        step=_step(item),
        severity=severity.args[0] if severity else "normal",
        controls=_controls(item),
    )


def _controls(item: pytest.Item) -> tuple[str, ...]:
    """Return the ids of the topics that the item's markers name, the item's own before those of its module.

    Raises:
        pytest.UsageError: the table of controls has no such topic.

    """
    topics = [topic for marker in item.iter_markers("controls") for topic in marker.args]
    if unknown := [topic for topic in topics if topic not in CONTROLS]:
        message = f"{item.nodeid} names the unknown topic {unknown[0]} of controls (known: {', '.join(CONTROLS)})"
        raise pytest.UsageError(message)
    return tuple(control for topic in topics for control in CONTROLS[topic])


def conclude(error: BaseException | None, check: Check | None, item: PlannedItem, settings: RunSettings) -> Conclusion:
    """Return the one outcome of an item and its reason, from how its test ended."""
    offenders = check.offenders if check else []
    subject = item.subject or item.name
    ended: Conclusion
    # The window does not bind checks: one that was cancelled could not find out.
    stopped = ended_by_window(settings, error) if item.kind == "action" else None
    match stopped or error:
        case None if offenders:
            ended = "error", f"the item did not judge its findings: {summary(offenders)}"
        case None if check and check.found:
            ended = "exempt", "the profile excuses every finding"
        case None:
            ended = "passed", None
        case OutcomeException(outcome=outcome, reason=reason):
            ended = outcome, reason
        case pytest.skip.Exception():
            ended = "inconclusive", f"skipped: {error}"
        case RefusalError() if item.kind == "action":
            ended = "failed", str(error)
        case AssertionError() if offenders:
            fails = SEVERITIES.index(item.severity) >= SEVERITIES.index(settings.profile.run.fail_on)
            ended = ("failed" if fails else "warned"), summary(offenders)
        case AssertionError() | pytest.fail.Exception():
            ended = "failed", f"{subject}: {_one_line(error)}; expected: {item.title}"
        case _:
            ended = "error", _reason(error, subject)
    return ended


def _reason(error: BaseException | None, subject: str) -> str:
    if isinstance(error, StewardError):
        return str(error)
    if isinstance(error, psycopg.Error):
        hint = f" ({error.diag.message_hint})" if error.diag.message_hint else ""
        return f"{subject}: {queries.server_message(error)} (SQLSTATE {error.sqlstate or 'none'}){hint}"
    return f"{subject}: {type(error).__name__}: {_one_line(error)}"


def _one_line(error: BaseException | None) -> str:
    return " ".join(str(error).split()) or type(error).__name__
