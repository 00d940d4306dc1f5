"""The plain page of a run: no script, nothing loaded, printable. It also replaces Allure's page where that fails."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports import texts

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["render"]

# What differs between the batches of one piece of work: quoted values and free-standing numbers.
_VALUE = re.compile(r"'(?:[^']|'')*'|\b\d+\b")
# Outcomes that need a person's attention, worst first.
_ATTENTION = ("failed", "error", "inconclusive", "warned", "busy", "deferred", "exempt")


def render(run: Mapping[str, Any], fallback: str = "") -> str:
    """Return the page; ``fallback`` is the reason why it replaces Allure's page, shown at its top."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figure": texts.figure, "duration": texts.duration, "batches": batches}
    return environment.get_template("summary.html").render(
        run=run,
        fallback=fallback,
        headline=texts.headline(run),
        totals={outcome: count for outcome, count in run["totals"].items() if count},
        faults=texts.faults(run),
        attention=sorted(
            (item for item in run["items"] if item["outcome"] in _ATTENTION),
            key=lambda item: _ATTENTION.index(item["outcome"]),
        ),
        phases=[(phase, list(items)) for phase, items in groupby(run["items"], key=lambda item: item["phase"])],
        examined=[(phase["name"], row) for phase in run["phases"] for row in phase["examined"]],
    )


def batches(statements: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return statements with one that is repeated, with whatever values, as one line that counts its runs."""
    lines = []
    for _, same in groupby(statements, key=_kind_of_statement):
        runs = list(same)
        counted = [run["rows"] for run in runs if run.get("rows") is not None]
        timed = [run["seconds"] for run in runs if run.get("seconds") is not None]
        lines.append(
            {
                "text": runs[0]["text"],
                "locks": runs[0].get("locks"),
                "error": runs[0].get("error"),
                "times": len(runs),
                "rows": sum(counted) if counted else None,
                "seconds": sum(timed) if timed else None,
                "attempts": max(run.get("attempts") or 1 for run in runs),
            }
        )
    return lines


def _kind_of_statement(statement: Mapping[str, Any]) -> tuple[str, object]:
    return _VALUE.sub("?", statement["text"]), statement.get("error")
