from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from reports import ReportError, record
from tests.fixtures.runs import HOSTILE, OUTCOMES, a_demo, a_plan, a_run, hostile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any


@pytest.mark.parametrize("run", [a_run(), a_plan(), a_demo(), hostile(a_run())], ids=["run", "plan", "demo", "hostile"])
def test_a_record_as_the_supervisor_writes_it_is_valid(run: dict[str, Any]):
    record.validate(run)


def test_a_run_that_never_ended_is_valid():
    record.validate(a_run(finished_at=None, duration_seconds=None, status="interrupted", exit_code=5, items=[]))


def test_the_schema_is_one():
    Draft202012Validator.check_schema(json.loads(record.SCHEMA.read_text()))


def test_the_records_of_the_tests_have_every_outcome():
    outcomes = {item["outcome"] for run in (a_run(), a_plan()) for item in run["items"]}

    assert set(OUTCOMES) == outcomes


def _without(run: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in run.items() if name != key}


def _first_item(**change: Any) -> dict[str, Any]:
    run = a_run()
    return {**run, "items": [{**run["items"][0], **change}, *run["items"][1:]]}


@pytest.mark.parametrize(
    ("run", "place"),
    [
        ([], "the whole"),
        (_without(a_run(), "reconciliation"), "the whole"),
        (a_run(surprise=1), "the whole"),
        (a_run(schema_version="2.0"), "schema_version"),
        (a_run(status="fine"), "status"),
        (a_run(exit_code=6), "exit_code"),
        (a_run(started_at="2026-11-22T02:00:00-03:00"), "started_at"),
        (a_run(target={**a_run()["target"], "password": "x"}), "target"),
        (a_run(totals={"skipped": 1}), "totals"),
        (a_run(canary={"reads": 1}), "canary"),
        (_first_item(outcome="skipped"), "items/0/outcome"),
        (_first_item(severity="high"), "items/0/severity"),
        (_first_item(duration_seconds=-1), "items/0/duration_seconds"),
        (_first_item(statements=[{"seconds": 1}]), "items/0/statements/0"),
        (_first_item(findings=[{"object_name": "x"}]), "items/0/findings/0"),
        (_first_item(password="x"), "items/0"),
    ],
)
def test_a_broken_record_is_refused_with_the_place_of_its_fault(run: object, place: str):
    with pytest.raises(ReportError, match=f"^run.json: {place}: .*one version$"):
        record.validate(run)


def test_a_folder_without_a_record_is_refused_in_one_line(tmp_path: Path):
    with pytest.raises(ReportError, match=r"run\.json: No such file or directory; give the directory"):
        record.load(tmp_path)


def test_a_record_cut_short_is_refused(run_directory: Callable[[dict[str, Any]], Path]):
    run_dir = run_directory(a_run())
    text = (run_dir / "run.json").read_text()
    (run_dir / "run.json").write_text(text[: len(text) // 2])

    with pytest.raises(ReportError, match=r"not JSON .*journal\.jsonl"):
        record.load(run_dir)


def test_what_a_terminal_or_a_browser_would_obey_is_shown_instead(run_directory: Callable[[dict[str, Any]], Path]):
    run = record.load(run_directory(hostile(a_run())))
    shown = run["messages"][0]

    assert r"\x00\x07\x1b[31mred\x7f \u202ereversed\u202c \ufffe" in shown
    assert shown.endswith(r"\ud800")
    assert "new line\ttab" in shown
    shown.encode("utf-8")


def test_plain_text_stays_as_it_is():
    text = 'public."Odd ""x""" ção 🐘\n\ttab'

    assert text == record.visible(text)
    assert record.visible(HOSTILE) != HOSTILE


def test_files_are_their_owners_alone(tmp_path: Path):
    record.write(tmp_path / "page.html", "x" * 10)
    record.write(tmp_path / "page.html", "short")

    assert (tmp_path / "page.html").read_text() == "short"
    assert (tmp_path / "page.html").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
