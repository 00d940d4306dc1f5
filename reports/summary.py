"""The run on one page of our own: no script, nothing loaded, fit for print; it also stands in for Allure's page."""

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
# What a person must look at, worst first; the rest is as it should be.
_ATTENTION = ("failed", "error", "inconclusive", "warned", "busy", "deferred", "exempt")


def render(run: Mapping[str, Any], fallback: str = "") -> str:
    """Return the page; ``fallback`` is why it stands where Allure's should be, and is said at its top."""
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
        examined=[(phase["name"], each) for phase in run["phases"] for each in phase["examined"]],
    )


def batches(statements: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return statements with one that is repeated, with whatever values, as one line that counts its runs."""
    lines = []
    for _, same in groupby(statements, key=lambda each: (_VALUE.sub("?", each["text"]), each.get("error"))):
        runs = list(same)
        counted = [each["rows"] for each in runs if each.get("rows") is not None]
        timed = [each["seconds"] for each in runs if each.get("seconds") is not None]
        lines.append(
            {
                "text": runs[0]["text"],
                "locks": runs[0].get("locks"),
                "error": runs[0].get("error"),
                "times": len(runs),
                "rows": sum(counted) if counted else None,
                "seconds": sum(timed) if timed else None,
                "attempts": max(each.get("attempts") or 1 for each in runs),
            }
        )
    return lines
