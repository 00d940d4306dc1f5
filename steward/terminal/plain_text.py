"""The plain text of a run: one-line values, logfmt lines, and a plan as SQL.

Texts of a run come from the database (names of tables, conditions, messages). All of them are escaped before they are
shown, so that a name with a line break or an escape sequence stays visible text on one line.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["DEMO", "NOTEWORTHY", "findings", "logfmt", "noteworthy", "plain", "statements", "totals"]

DEMO = "EMBEDDED DEMO: a private toy server. Set DATABASE_URL and STEWARD_PROFILE to maintain a database of your own."

# Outcomes that need attention, the gravest first.
NOTEWORTHY = ("error", "failed", "inconclusive", "busy", "deferred", "warned")


def plain(value: object) -> str:
    """Return a value as one visible line: what does not print (line breaks, escapes, bidi marks) is spelled out."""
    text = "" if value is None else str(value)
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def logfmt(*words: str, **fields: object) -> str:
    """Return one line of logfmt: bare words, then ``key=value``, quoted where needed; None is left out."""
    pairs = (f"{key}={_quoted(value)}" for key, value in fields.items() if value is not None)
    return " ".join([*words, *pairs])


def _quoted(value: object) -> str:
    if isinstance(value, float):
        value = f"{value:.2f}"
    text = str(value)
    if text and text.isprintable() and not set(text) & set(' ="\\'):
        return text
    # Whatever a reader could take for the end of the line (U+2028, for one) is escaped as well.
    return json.dumps(text, ensure_ascii=not text.isprintable())


def noteworthy(run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the items that need attention, the gravest first."""
    items = [item for item in run["items"] if item["outcome"] in NOTEWORTHY]
    return sorted(items, key=lambda item: NOTEWORTHY.index(item["outcome"]))


def findings(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the findings of an item that no exemption excuses."""
    return [finding for finding in item.get("findings") or () if not finding.get("exempt")]


def totals(run: Mapping[str, Any]) -> dict[str, int]:
    """Return the number of items by outcome, without outcomes that no item has."""
    return {outcome: count for outcome, count in run["totals"].items() if count}


def statements(run: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a plan: statements as they stand, everything else, batches included, as SQL comments."""
    yield f"-- Due at {plain(run['started_at'])} in {plain(run['target']['label'])}; nothing has been changed."
    yield f"-- To be run as {plain(run['target']['role'])}, outside a transaction; batches are shown as comments."
    planned = [item for item in run["items"] if item["outcome"] == "planned"]
    for item in planned:
        yield ""
        yield f"-- {plain(item['phase'])}: {plain(item['name'])} {plain(item['subject'])}"
        yield f"-- why: {plain(item['why'])}"
        if item.get("estimate"):
            yield f"-- estimate: {plain(item['estimate'])}"
        for statement in item["statements"]:
            yield from _statement(statement)
    if not planned:
        yield "-- Nothing is due."


def _statement(statement: Mapping[str, Any]) -> Iterator[str]:
    if statement.get("locks"):
        yield f"-- locks: {plain(statement['locks'])}"
    # Not splitlines(): U+2028 and its like are part of a name or a literal.
    lines = statement["text"].strip().removesuffix(";").split("\n")
    if statement.get("template"):
        yield "-- one batch of many, with bounds that change:"
        yield from _commented(lines)
        return
    yield from lines[:-1]
    yield from [lines[-1], ";"] if "--" in lines[-1] else [f"{lines[-1]};"]


def _commented(lines: Sequence[str]) -> Iterable[str]:
    # Each made plain: a literal with a carriage return in it must not become a line that runs.
    return (f"--     {plain(line)}" for line in lines)
