from __future__ import annotations

from html.parser import HTMLParser

import pytest

from reports import record, summary, texts
from tests.fixtures.runs import a_demo, a_plan, a_run, hostile, item

_VOID = {"meta", "link", "br"}


class _Page(HTMLParser):
    """Collects tags and text, and notices an element that is not closed where it should be."""

    def __init__(self, html):
        super().__init__()
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.words: list[str] = []
        self.misplaced: list[str] = []
        self.feed(html)
        self.close()
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.misplaced.append(tag)

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)


@pytest.mark.parametrize("run", [a_run(), a_plan(), a_demo(), hostile(a_run())], ids=["run", "plan", "demo", "hostile"])
def test_the_page_is_well_formed_and_has_no_script(run):
    page = _Page(summary.render(record.visible(run)))

    assert (page.misplaced, page.open) == ([], [])
    assert not page.tags & {"script", "img", "iframe", "a", "form", "object", "textarea"}


def test_the_page_holds_what_an_operator_needs():
    page = _Page(summary.render(a_run()))

    assert "39 passed 1 failed 2 warned 1 exempt 1 error 1 deferred 1 busy 1 inconclusive 1 not needed" in page.text
    assert "48 items planned, 48 recorded." in page.text
    assert "pid 4242 (metabase, in a transaction since 5 h 12 min) holds the horizon back" in page.text
    assert "drop index concurrently public.correction_logs_unused_idx" in page.text
    assert "Exempt: kept for the 2026 audit (dpo@validahub, until 2027-01-31)" in page.text
    assert "matching rows 93,412 0" in page.text
    assert (
        "13 times, the first is shown · 96,000 rows · 3.7 s · locks: ROW EXCLUSIVE on public.suggestions" in page.text
    )
    assert "p99 ms 4.1" in page.text
    assert "the next autoanalyze undoes it" in page.text
    assert "prepare partitions 36 0" in page.text


def test_what_was_tried_is_on_the_page():
    page = summary.render(a_run(items=[item("check", "x", evidence=["| relation |\n| <script> |"])]))

    assert "<pre>| relation |\n| &lt;script&gt; |</pre>" in page


def test_every_item_is_on_the_page():
    run = a_run()
    page = _Page(summary.render(run))

    assert [item["id"] for item in run["items"] if " ".join(item["id"].split()) not in page.text] == []


def test_only_a_demo_says_that_it_is_one():
    assert "EMBEDDED DEMO" in _Page(summary.render(a_demo())).text
    assert "EMBEDDED DEMO" not in _Page(summary.render(a_run())).text


def test_a_plan_says_that_nothing_was_changed():
    page = _Page(summary.render(a_plan()))

    assert "A plan: nothing was changed." in page.text
    assert "not run · locks: SHARE UPDATE EXCLUSIVE on public.correction_logs" in page.text


def test_only_the_fallback_says_why_it_stands_there():
    assert (
        "Allure's could not be made: Node <is> not installed"
        in _Page(summary.render(a_run(), "Node <is> not installed")).text
    )
    assert "could not be made" not in summary.render(a_run())


def test_only_a_run_that_came_to_a_good_end_needs_no_attention():
    good = [item for item in a_run()["items"] if item["outcome"] == "passed"]
    stopped = _Page(summary.render(a_run(items=[], status="error", exit_code=2, messages=["db1: refused; start it"])))

    assert (
        "What needs attention Nothing." in _Page(summary.render(a_run(items=good, status="passed", exit_code=0))).text
    )
    assert "db1: refused; start it" in stopped.text
    assert "What needs attention No item, but the run itself: error." in stopped.text


def test_what_does_not_reconcile_is_named():
    run = a_run(
        reconciliation={"planned": 3, "recorded": 1, "missing": ["a::b"], "unplanned": ["c::d"], "repeated": []}
    )

    assert texts.faults(run) == ["a::b: planned, but no outcome was recorded", "c::d: not planned"]
    assert "a::b: planned, but no outcome was recorded" in _Page(summary.render(run)).text


@pytest.mark.parametrize(
    ("totals", "rate"),
    [
        ({"passed": 3}, 100),
        ({"passed": 999, "warned": 1}, 99),
        ({"passed": 1, "inconclusive": 1, "deferred": 8, "exempt": 1, "not needed": 1}, 50),
        ({"planned": 5}, 0),
        ({}, 0),
    ],
)
def test_only_what_was_decided_counts_and_only_all_passed_is_a_hundred(totals, rate):
    assert rate == texts.rate({"totals": totals})


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, ""), (0.0123, "12 ms"), (4.21, "4.2 s"), (60, "1 min 0 s"), (3725.9, "62 min 5 s")]
)
def test_durations_are_put_as_a_person_reads_them(seconds, words):
    assert words == texts.duration(seconds)


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (True, "yes"),
        (None, "none"),
        (1234567, "1,234,567"),
        (0.062, "0.062"),
        ("a", "a"),
        ({}, "none"),
        (["ç", 1], '["ç", 1]'),
    ],
)
def test_figures_are_put_as_a_person_reads_them(figure, words):
    assert words == texts.figure(figure)
