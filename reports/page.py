"""The Allure page of a run, as one file that loads nothing from the network and uses the suite's outcomes."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports import PageError, history, node, seal, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["render"]

_LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke-width="2.6">
<g stroke="#3b82b5"><ellipse cx="14" cy="7" rx="9" ry="4"/><path d="M5 7v17c0 2 4 4 9 4M23 7v7M5 16c0 2 4 4 9 4"/></g>
<path d="m17 23 4 4 8-9" stroke="#2e9e5b" stroke-linecap="round" stroke-linejoin="round"/></svg>"""


# Of Allure's charts those that show something here; its other two rates would contradict ours.
_CHARTS = [
    {"type": "statusDynamics", "title": "Outcomes, run by run"},
    {
        "type": "testResultSeverities",
        "title": "Outcomes by severity",
        "levels": ["blocker", "critical", "normal", "minor", "trivial"],
        "statuses": ["failed", "broken", "unknown", "skipped", "passed"],
    },
    {"type": "statusTransitions", "title": "What changed, run by run"},
    {"type": "durationDynamics", "title": "Duration, run by run"},
    {"type": "durations", "title": "How long actions and checks took", "groupBy": "layer"},
]


def render(run_dir: Path, run: Mapping[str, Any]) -> str:
    """Return the page, and keep the run in its history.

    Raises:
        PageError: it cannot be made, and why.

    """
    results = run_dir / "allure-results"
    if not any(results.glob("*-result.json")) and run["items"]:
        raise PageError(f"there are no Allure results in {results}")
    file = history.path(run_dir.resolve().parent, run)
    with tempfile.TemporaryDirectory(prefix="steward-report-") as place:
        draft = Path(place)
        trend = draft / "history.jsonl"
        trend.write_text("".join(f"{line}\n" for line in history.earlier(file, run)), encoding="utf-8")
        # Only YAML is read without a warning; JSON is YAML.
        configuration = json.dumps(_configuration(run, results, draft))
        (draft / "allurerc.yaml").write_text(configuration, encoding="utf-8")
        node.allure("generate", "--config", "allurerc.yaml", str(results.resolve()), cwd=draft)
        page = draft / "page" / "index.html"
        if not page.exists():
            raise PageError("Allure wrote no page")
        html = seal.close(page.read_text(encoding="utf-8"))
        # A plan is compared with earlier runs, but later runs are not compared with it.
        if run["mode"] == "act":
            history.keep(file, run, trend.read_text(encoding="utf-8").splitlines()[-1])
    return seal.use_own_outcomes(html, texts.rate(run))


def _configuration(run: Mapping[str, Any], results: Path, place: Path) -> dict[str, Any]:
    categories = json.loads((results / "categories.json").read_text(encoding="utf-8"))
    # Allure's own two categories would repeat ours.
    theirs = [{"name": "Product errors", "status": "failed"}, {"name": "Test errors", "status": "broken"}]
    hidden = [
        {"name": category["name"], "matchers": {"statuses": [category["status"]]}, "hide": True} for category in theirs
    ]
    awesome = {
        "singleFile": True,
        "reportLanguage": "en",
        "groupBy": ["parentSuite", "suite"],
        "logo": "data:image/svg+xml;base64," + base64.b64encode(_LOGO.encode()).decode("ascii"),
        "defaultSortBy": "status,asc",
        "charts": _CHARTS,
    }
    return {
        "name": f"{texts.headline(run)}: {texts.totals(run)}",
        "output": str(place / "page"),
        "historyPath": str(place / "history.jsonl"),
        "categories": [{**category, "groupByMessage": False, "expand": True} for category in categories] + hidden,
        "plugins": {"awesome": {"options": awesome}, "agent": {"enabled": False}},
    }
