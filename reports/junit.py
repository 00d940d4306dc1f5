"""JUnit XML for CI servers: one test case an item, one suite a phase, ten outcomes mapped to JUnit's three elements."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ELEMENTS", "render"]

# JUnit has no warning. "skipped" fails no build and does not look like a pass. What could not be judged is an error.
ELEMENTS = {
    "passed": None,
    "failed": "failure",
    "warned": "skipped",
    "exempt": "skipped",
    "error": "error",
    "inconclusive": "error",
    "planned": "skipped",
    "deferred": "skipped",
    "busy": "skipped",
    "not needed": "skipped",
}
_PLURALS = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def render(run: Mapping[str, Any]) -> str:
    """Return the document; every planned item is counted, also one whose outcome is missing."""
    root = ET.Element("testsuites", {"name": f"steward {run['schedule']}", **_counts(run["items"])})
    properties = ET.SubElement(root, "properties")
    for name in ("run_id", "mode", "status", "exit_code", "started_at"):
        ET.SubElement(properties, "property", name=name, value=str(run[name]))
    for phase, items in groupby(run["items"], key=lambda item: item["phase"]):
        _suite(root, run, phase, list(items))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(root: ET.Element, run: Mapping[str, Any], phase: str, items: list[Mapping[str, Any]]) -> None:
    named = {"name": phase, "hostname": run["runner"]["host"], "timestamp": run["started_at"]}
    suite = ET.SubElement(root, "testsuite", named | _counts(items))
    for item in items:
        _case(suite, item)


def _case(suite: ET.Element, item: Mapping[str, Any]) -> None:
    path, _, name = item["id"].partition("::")
    case = ET.SubElement(
        suite,
        "testcase",
        classname=path.removesuffix(".py").replace("/", "."),
        name=name or path,
        time=_seconds(item["duration_seconds"]),
    )
    properties = ET.SubElement(case, "properties")
    for key in ("outcome", "severity", "kind"):
        ET.SubElement(properties, "property", name=key, value=item[key])
    element = ELEMENTS[item["outcome"]]
    if element:
        result = ET.SubElement(case, element, message=f"{item['outcome']}: {item['reason'] or item['title'] or ''}")
        result.text = "\n".join(_findings(item["findings"])) or None
        # `skipped` has no type in the schema that CI servers validate against.
        if element != "skipped":
            result.set("type", item["outcome"])


def _findings(findings: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for finding in findings:
        excuse = finding.get("exempt")
        yield (
            f"{finding['object_type']} {finding['object_name']}: {finding['observed']}"
            f" (expected: {finding['expected']})"
            + (f"; {finding['detail']}" if finding["detail"] else "")
            + (f"; next: {finding['remediation']}" if finding["remediation"] else "")
            + (f"; exempt: {excuse['reason']} ({excuse['owner']}, until {excuse['expires']})" if excuse else "")
        )


def _counts(items: list[Mapping[str, Any]]) -> dict[str, str]:
    count = Counter(ELEMENTS[item["outcome"]] for item in items)
    return {
        "tests": str(len(items)),
        **{plural: str(count[element]) for element, plural in _PLURALS.items()},
        "time": _seconds(sum(item["duration_seconds"] or 0 for item in items)),
    }


def _seconds(seconds: float | None) -> str:
    return f"{seconds or 0:.3f}"
