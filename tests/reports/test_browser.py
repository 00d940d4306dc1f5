from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from reports import texts
from reports.__main__ import render
from steward.record import allure
from tests.fixtures.runs import a_demo, a_run, hostile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from tests.fixtures.browser import Browser

_BEGIN = """(async () => {
    const rest = ms => new Promise(done => setTimeout(done, ms));
    const until = async test => { for (let turn = 0; turn < 400 && !test(); turn++) await rest(50); };
    const all = what => [...document.querySelectorAll(`[data-testid=${what}]`)];"""
# Goes to an item, opens all that is attached to it, and counts the frames: the description and each HTML attachment.
_OPEN_ITEM = (
    _BEGIN
    + """
    await until(() => window.allureReportData && all("metadata-item").length);
    const names = Object.keys(window.allureReportData).filter(name => name.startsWith("data/test-results/"));
    const items = names.map(name => JSON.parse(new TextDecoder().decode(
        Uint8Array.from(atob(window.allureReportData[name]), each => each.codePointAt(0)))));
    const item = items.find(each => each.fullName.startsWith(NAME));
    location.hash = item.id;
    await until(() => all("test-result-fullname").some(each => each.textContent.startsWith(NAME)));
    await until(() => all("test-result-attachment-header").length);
    for (const part of all("test-result-step-header")) part.click();
    await rest(300);
    for (const part of all("test-result-attachment-header")) part.querySelector("button").click();
    await until(() => document.querySelectorAll("iframe").length >= 2);
    await rest(500);
    return document.querySelectorAll("iframe").length;
})()"""
)
_WORDS = (
    _BEGIN
    + """
    await until(() => all("metadata-item").length);
    return [...document.querySelectorAll("body *")].filter(e => !e.children.length).map(e => e.textContent)
        .filter(each => each).join("|");
})()"""
)


_CHARTS = _WORDS.replace(
    'await until(() => all("metadata-item").length);',
    """location.hash = "charts";
    await until(() => document.body.innerText.includes("Duration, run by run"));
    await rest(500);""",
)


@pytest.fixture
def page(run_directory: Callable[[dict[str, Any]], Path], allure_packages: None) -> Callable[[dict[str, Any]], Path]:
    """Make the whole report of a record, and return its page."""

    def made(run: dict[str, Any]) -> Path:
        run_dir = run_directory(run)
        allure.write(run, run_dir / "allure-results")
        return render(run_dir)

    return made


def test_a_page_that_calls_home_is_caught(browser: Browser, tmp_path: Path):
    calling = tmp_path / "calling.html"
    calling.write_text(
        '<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'
        '<script>console.error("complaint"); alert("dialog")</script>'
    )

    visit = browser.visit(calling)

    assert visit.requests == ["https://www.googletagmanager.com/gtag/js?id=G-1"]
    assert "['complaint']" in visit.complaints
    assert visit.dialogs == ["dialog"]


def test_the_page_asks_the_network_for_nothing_and_obeys_no_hostile_text(
    browser: Browser, page: Callable[[dict[str, Any]], Path]
):
    items = (
        "maintenance/test_purge.py",
        "maintenance/test_vacuum.py::test_vacuum[public.rule_versions",
        "checks/test_r",
    )

    visit = browser.visit(page(hostile(a_run())), *(_OPEN_ITEM.replace("NAME", json.dumps(item)) for item in items))

    assert (visit.requests, visit.complaints, visit.dialogs) == ([], [], [])
    # The description and each HTML attachment are a frame: they were really drawn.
    assert visit.answers == [2, 2, 2]


def test_the_page_says_what_the_record_says(browser: Browser, page: Callable[[dict[str, Any]], Path]):
    run = a_demo()

    visit = browser.visit(page(run), _WORDS)
    shown = visit.answers[0]

    assert f"{texts.headline(run)}: {texts.totals(run)}" in shown
    assert "EMBEDDED DEMO" in shown
    assert "|95%|" in shown
    assert "|Passed|39|" in shown
    assert "|Warned|2|" in shown
    assert "Unknown" not in shown
    assert (visit.requests, visit.complaints) == ([], [])


def test_the_page_has_no_second_rate(browser: Browser, page: Callable[[dict[str, Any]], Path]):
    visit = browser.visit(page(a_demo()), _CHARTS)

    assert "Outcomes, run by run" in visit.answers[0]
    assert "%" not in visit.answers[0]
    assert visit.complaints == []


@pytest.mark.parametrize("name", ["summary.html", "index.html"])
def test_the_pages_of_our_own_ask_for_nothing_and_obey_no_hostile_text(
    name: str,
    browser: Browser,
    run_directory: Callable[[dict[str, Any]], Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    monkeypatch.setenv("STEWARD_REPORT_NODE", str(tmp_path / "nowhere"))
    fallback = render(run_directory(hostile(a_run())))

    visit = browser.visit(fallback.with_name(name), "document.querySelectorAll('details').length")

    assert visit.answers == [len(a_run()["items"])]
    assert (visit.requests, visit.complaints, visit.dialogs) == ([], [], [])
