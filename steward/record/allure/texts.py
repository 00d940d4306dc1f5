"""The texts that Allure shows of an item: names, Markdown, small HTML tables, CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from html import escape
from itertools import groupby
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "batches",
    "description",
    "evidence",
    "faults",
    "figures",
    "findings",
    "findings_csv",
    "log",
    "module",
    "name",
    "statement",
    "step",
    "totals",
    "value",
    "visible",
]

_COLUMNS = ("object_type", "object_name", "observed", "expected", "detail", "remediation")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+.!|~:/@&-])")
# What differs between the batches of one piece of work: quoted values and free-standing numbers.
_VALUE = re.compile(r"'(?:[^']|'')*'|\b\d+\b")
# Where a statement that begins with a common table expression says what it does.
_WITH = re.compile(r"\s*with\b", re.IGNORECASE)
_VERB = re.compile(r"^(?:delete|update|insert|merge|select)\b", re.IGNORECASE | re.MULTILINE)
# A spreadsheet takes what begins so for a formula.
_FORMULA = re.compile(r"^[=+\-@\t\r](?![\d.]+$)")
# Between two cells, but not where a name has it.
_CELL = re.compile(r"(?<!\\) \| ?")
# Cells that must not be overlooked in a table of attempts.
_LOUD = ("LEAK", "SURVIVED", "?")
# What a terminal or a browser obeys instead of showing, and what turns the direction of the text around it.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
# The frame has no scripts and no style of the page around it, so it brings both its themes.
_STYLE = """
:root { color-scheme: light dark; }
body { font: 14px/1.45 system-ui, sans-serif; margin: 8px; }
body { color: light-dark(#1c2024, #e6e8eb); }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 4px 12px; unicode-bidi: isolate; }
th, td { border-bottom: 1px solid light-dark(#dcdfe3, #34383e); }
th { font-weight: 600; white-space: nowrap; color: light-dark(#4d5661, #a5adb8); }
td { overflow-wrap: break-word; white-space: pre-wrap; }
td.changed { font-weight: 600; }
td.loud { font-weight: 600; color: light-dark(#b42318, #ff8a80); }
table.tried { font-size: 12px; }
table.tried td, table.tried th { padding: 2px 6px; }
p { margin: 6px 12px; overflow-wrap: break-word; }
"""


def visible(part: Any) -> Any:
    """Return a record with every invisible or unwritable character in it replaced by its escape."""
    if isinstance(part, str):
        return _INVISIBLE.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), part)
    if isinstance(part, dict):
        return {visible(key): visible(value) for key, value in part.items()}
    return [visible(element) for element in part] if isinstance(part, list) else part


def name(item: Mapping[str, Any]) -> str:
    """Return the item's line in the tree: the work and its object, or the fact that a check states."""
    return _line(f"{item['name']} {item['subject']}" if item["subject"] else item["title"] or item["name"])


def module(item: Mapping[str, Any]) -> str:
    """Return the runbook's name: vacuum for ``maintenance/test_vacuum.py::…``."""
    return PurePosixPath(item["id"].partition("::")[0]).stem.removeprefix("test_") or item["name"]


def description(item: Mapping[str, Any]) -> str:
    """Return why the item ran, how it ended and what to do next, as Markdown."""
    steps = list(dict.fromkeys(finding["remediation"] for finding in item["findings"] if finding["remediation"]))
    excused = [finding for finding in item["findings"] if finding.get("exempt")]
    lines = [f"**{item['outcome'].capitalize()}.** {_markdown(item['reason'] or item['title'] or '')}"]
    if item["why"]:
        lines.append(f"**Why it {'matters' if item['kind'] == 'check' else 'was due'}:** {_markdown(item['why'])}")
    if item["before"] and item["after"]:
        lines.append(f"**Before and after:** {_markdown(_change(item))}")
    if item["threshold"] is not None:
        lines.append(f"**Limit:** {_markdown(value(item['threshold']))}")
    if item["figures"]:
        facts = ", ".join(f"{key} {value(figure)}" for key, figure in item["figures"].items())
        lines.append(f"**Figures:** {_markdown(facts)}")
    lines += [f"**Excused:** {_markdown(_excuse(finding))}" for finding in excused]
    if steps:
        lines.append("\n".join(["**Next steps:**", "", *(f"- {_markdown(remedy)}" for remedy in steps)]))
    return "\n\n".join(lines)


def batches(statements: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return statements with one that is repeated, with whatever values, as a single entry that counts its runs."""
    entries = []
    for (_, error), same in groupby(statements, key=_kind_of_statement):
        runs = list(same)
        entries.append(
            {
                "text": runs[0]["text"],
                "error": error,
                "locks": runs[0].get("locks") or "",
                "times": len(runs),
                "rows": _sum(run.get("rows") for run in runs),
                "seconds": _sum(run.get("seconds") for run in runs),
                "attempts": max(run.get("attempts") or 1 for run in runs),
            }
        )
    return entries


def _kind_of_statement(statement: Mapping[str, Any]) -> tuple[str, object]:
    return _VALUE.sub("?", statement["text"]), statement.get("error")


def step(run: Mapping[str, Any]) -> str:
    """Return the line of a statement: what it does, how often it ran, its rows and tries."""
    facts = [f"{run['times']:,} times"] if run["times"] > 1 else []
    facts += [f"{run['rows']:,} rows"] if run["rows"] is not None else []
    facts += [f"{run['attempts']} attempts"] if run["attempts"] > 1 else []
    # What a batch does comes after how it is chosen.
    verb = _VERB.search(run["text"]) if _WITH.match(run["text"]) else None
    start = _line(run["text"][verb.start() :] if verb else run["text"])
    return f"{start[:100]}{'…' if start[100:] else ''}" + (f" ({', '.join(facts)})" if facts else "")


def statement(run: Mapping[str, Any]) -> str:
    """Return the statement as a DBA could paste it, its locks and its other runs as comments."""
    locks = f"-- locks: {_line(run['locks'])}\n" if run["locks"] else ""
    others = (
        f"-- the first of {run['times']:,}; the others differ in their values at most\n" if run["times"] > 1 else ""
    )
    return f"{locks}{others}{run['text'].rstrip()}\n"


def _sum(figures: Iterable[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None


def log(item: Mapping[str, Any]) -> str:
    """Return what the item reported while it ran, a line each."""
    return "\n".join(line if isinstance(line, str) else _line(value(line)) for line in item["log"])


def figures(item: Mapping[str, Any]) -> str:
    """Return the measures before and after as an HTML table."""
    before, after = item["before"] or {}, item["after"] or {}
    rows = []
    for key in dict.fromkeys([*before, *after]):
        cells = [value(side[key]) if key in side else "" for side in (before, after)]
        changed = ' class="changed"' if after and cells[0] != cells[1] else ""
        rows.append(f"<tr><th>{escape(key)}</th><td>{escape(cells[0])}</td><td{changed}>{escape(cells[1])}</td></tr>")
    return _table(("", "before", "after"), rows)


def evidence(text: str) -> str:
    """Return what was tried as HTML: the tables of the text are drawn, its other lines stand as they are."""
    parts = []
    for tabular, lines in groupby(text.splitlines(), key=lambda line: line.startswith("| ")):
        if tabular:
            head, _, *rows = ([cell.strip().replace("\\|", "|") for cell in _CELL.split(line[2:-2])] for line in lines)
            drawn = ["".join(f"<td{_loud(cell)}>{escape(cell)}</td>" for cell in row) for row in rows]
            parts.append(_drawn(head, [f"<tr>{cells}</tr>" for cells in drawn], ' class="tried"'))
        else:
            parts += [f"<p>{escape(line)}</p>" for line in lines if line]
    return _page("".join(parts))


def _loud(cell: str) -> str:
    return ' class="loud"' if cell.startswith(_LOUD) else ""


def findings(item: Mapping[str, Any]) -> str:
    """Return the findings as an HTML table; empty columns are left out."""
    rows = [[f"{kind} {name}".strip(), *rest] for kind, name, *rest in map(_cells, item["findings"])]
    filled = [column for column, cells in enumerate(zip(*rows, strict=True)) if any(cells)]
    body = ("".join(f"<td>{escape(row[column])}</td>" for column in filled) for row in rows)
    head = ("object", *_COLUMNS[2:], "exempt")
    return _table([head[column] for column in filled], [f"<tr>{cells}</tr>" for cells in body])


def findings_csv(item: Mapping[str, Any]) -> str:
    """Return the findings as CSV that a spreadsheet opens without running anything."""
    sheet = io.StringIO()
    rows = csv.writer(sheet)
    rows.writerow((*_COLUMNS, "exempt"))
    for finding in item["findings"]:
        rows.writerow([_FORMULA.sub(r"'\g<0>", cell) for cell in _cells(finding)])
    return sheet.getvalue()


def faults(run: Mapping[str, Any]) -> list[str]:
    """Return what went wrong with the run itself: what stopped it, and where plan and outcomes do not match."""
    reconciliation = run["reconciliation"]
    kinds = {
        "missing": "planned, but no outcome was recorded",
        "unplanned": "not planned",
        "repeated": "recorded twice",
    }
    stopped = run["messages"] if run["status"] in {"error", "interrupted"} else []
    return [*stopped, *(f"{key}: {text}" for kind, text in kinds.items() for key in reconciliation.get(kind, []))]


def totals(run: Mapping[str, Any]) -> str:
    """Return the run's own count of outcomes, the only one that is to be quoted."""
    return ", ".join(f"{count} {outcome}" for outcome, count in run["totals"].items() if count) or "no items"


def value(figure: Any) -> str:
    """Return a figure as a person reads it: grouped digits, no quotes around text."""
    if isinstance(figure, bool) or figure is None:
        return {True: "yes", False: "no", None: "none"}[figure]
    if isinstance(figure, (int, float)):
        return f"{figure:,}"
    if isinstance(figure, str):
        return figure
    return json.dumps(figure, ensure_ascii=False) if figure else "none"


def _change(item: Mapping[str, Any]) -> str:
    before, after = item["before"], item["after"]
    changed = [key for key in before if key in after and before[key] != after[key]]
    changes = (f"{key.replace('_', ' ')} {value(before[key])} → {value(after[key])}" for key in changed)
    return ", ".join(changes) or "nothing changed"


def _cells(finding: Mapping[str, Any]) -> list[str]:
    return [*(finding[column] or "" for column in _COLUMNS), _excuse(finding)]


def _excuse(finding: Mapping[str, Any]) -> str:
    exempt = finding.get("exempt")
    return f"{exempt['reason']} ({exempt['owner']}, until {exempt['expires'] or 'for ever'})" if exempt else ""


def _line(text: str) -> str:
    return " ".join(text.split())


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", _line(text))


def _table(head: Sequence[str], rows: Sequence[str]) -> str:
    return _page(_drawn(head, rows))


def _drawn(head: Sequence[str], rows: Sequence[str], attribute: str = "") -> str:
    cells = "".join(f"<th>{escape(column.replace('_', ' '))}</th>" for column in head)
    return f"<table{attribute}><thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _page(body: str) -> str:
    head = f'<meta charset="utf-8"><title>steward</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'
