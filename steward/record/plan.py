"""The plan of a phase: its items with reason, lane and cost, and how many objects were examined for them.

The collection pass writes it to ``plan-<phase>.json``; the supervisor and all processes of the phase read it there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["OperationSummary", "Plan", "PlannedItem", "of_run"]


@dataclass(frozen=True, kw_only=True)
class PlannedItem:
    """One pytest item of a phase; ``id`` is its node id, ``cost`` only orders the items of one operation."""

    id: str
    kind: str | None
    name: str
    subject: str = ""
    title: str = ""
    why: str = ""
    lane: str
    cost: float = 0.0
    estimate: str = ""
    phase: str
    step: int = 0
    severity: str = "normal"
    controls: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the item as the plan's file has it."""
        return {**vars(self), "controls": list(self.controls)}

    @classmethod
    def from_json(cls, item: Mapping[str, Any]) -> PlannedItem:
        """Return the item of a plan's file."""
        return cls(**{**item, "controls": tuple(item["controls"])})


@dataclass(frozen=True)
class OperationSummary:
    """How many objects an operation examined, and how many of them need it."""

    operation: str
    examined: int
    needed: int

    def to_json(self) -> dict[str, Any]:
        """Return the summary as plans and records have it."""
        return {"procedure": self.operation, "examined": self.examined, "needed": self.needed}

    @classmethod
    def from_json(cls, summary: Mapping[str, Any]) -> OperationSummary:
        """Return the summary of a plan's file."""
        return cls(summary["procedure"], summary["examined"], summary["needed"])


@dataclass(frozen=True)
class Plan:
    """The items of one phase in the order in which they run; ``phases`` are those that have items in this schedule."""

    phase: str
    phases: tuple[str, ...]
    examined: tuple[OperationSummary, ...]
    items: tuple[PlannedItem, ...]

    @staticmethod
    def path(run_dir: Path, phase: str) -> Path:
        """Return the file of a phase's plan."""
        return run_dir / f"plan-{phase}.json"

    def write(self, run_dir: Path) -> None:
        """Write the plan to its file."""
        document = {
            "phase": self.phase,
            "phases": list(self.phases),
            "examined": [summary.to_json() for summary in self.examined],
            "items": [item.to_json() for item in self.items],
        }
        self.path(run_dir, self.phase).write_text(json.dumps(document, indent=1), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Return the plan that a file holds."""
        document = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            document["phase"],
            tuple(document["phases"]),
            tuple(OperationSummary.from_json(summary) for summary in document["examined"]),
            tuple(PlannedItem.from_json(item) for item in document["items"]),
        )


def of_run(run_dir: Path) -> dict[str, PlannedItem]:
    """Return the items of all plans of a run by their ids, in the order in which the phases were planned."""
    paths = sorted(run_dir.glob("plan-*.json"), key=lambda path: path.stat().st_mtime_ns)
    return {item.id: item for path in paths for item in Plan.read(path).items}
