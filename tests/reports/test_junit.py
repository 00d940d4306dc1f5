from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from reports import junit, record
from tests.fixtures.runs import a_plan, a_run, hostile


def _parse(run):
    return ET.fromstring(junit.render(record.visible(run)))  # noqa: S314 - our own document


def test_every_item_is_one_case():
    run = a_run()
    cases = [f"{case.get('classname')}::{case.get('name')}" for case in _parse(run).iter("testcase")]

    assert [item["id"].replace("/", ".").replace(".py::", "::") for item in run["items"]] == cases


@pytest.mark.parametrize("run", [a_run(), a_plan()], ids=["run", "plan"])
def test_the_counts_are_the_elements(run):
    root = _parse(run)

    for suite in (root, *root.iter("testsuite")):
        cases = list(suite.iter("testcase"))
        elements = Counter(child.tag for case in cases for child in case if child.tag != "properties")

        assert suite.get("tests") == str(len(cases))
        assert suite.get("failures") == str(elements["failure"])
        assert suite.get("errors") == str(elements["error"])
        assert suite.get("skipped") == str(elements["skipped"])


@pytest.mark.parametrize(
    ("outcome", "element"),
    [
        ("passed", None),
        ("failed", "failure"),
        ("error", "error"),
        ("inconclusive", "error"),
        ("warned", "skipped"),
        ("exempt", "skipped"),
        ("planned", "skipped"),
        ("deferred", "skipped"),
        ("busy", "skipped"),
        ("not needed", "skipped"),
    ],
)
def test_an_outcome_is_told_in_its_own_word(outcome, element):
    item = {**a_run()["items"][0], "outcome": outcome, "reason": "the reason"}
    case = next(_parse(a_run(items=[item])).iter("testcase"))
    elements = [(child.tag, child.get("message")) for child in case if child.tag != "properties"]

    assert elements == ([(element, f"{outcome}: the reason")] if element else [])
    assert {"outcome": outcome} == {
        entry.get("name"): entry.get("value") for entry in case.iter("property") if entry.get("name") == "outcome"
    }


def test_findings_come_with_their_next_step_and_their_excuse():
    text = "".join(_parse(a_run()).itertext())

    assert "next: drop index concurrently public.correction_logs_unused_idx" in text
    assert "exempt: kept for the 2026 audit (dpo@validahub, until 2027-01-31)" in text


def test_hostile_text_stays_text():
    root = _parse(hostile(a_run()))
    tags = {element.tag for element in root.iter()}
    messages = [element.get("message", "") for element in root.iter("failure")]

    assert tags <= {"testsuites", "testsuite", "properties", "property", "testcase", "failure", "error", "skipped"}
    assert len(a_run()["items"]) == len(list(root.iter("testcase")))
    assert "<script>alert(1)</script>" in messages[0]
    assert "]]>" in messages[0]
