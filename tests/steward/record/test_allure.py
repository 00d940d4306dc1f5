from __future__ import annotations

import csv
import json
from collections import Counter
from html.parser import HTMLParser

import pytest

from steward.isolation.probe.text_table import table
from steward.record import allure
from tests.fixtures.runs import HOSTILE, a_demo, a_plan, a_run, finding, hostile, item, statement


@pytest.fixture
def written(tmp_path):
    """Write the results of a record; return its folder and the results by the item's id."""

    def write(run):
        folder = tmp_path / "allure-results"
        allure.write(run, folder)
        results = [json.loads(path.read_text("utf-8")) for path in folder.glob("*-result.json")]
        return folder, {result["fullName"]: result for result in results}

    return write


def _labels(result, name):
    return [label["value"] for label in result["labels"] if label["name"] == name]


def _of(results, part):
    return next(result for key, result in results.items() if part in key)


def _attachments(folder, result):
    return {part["name"]: (folder / part["source"]).read_text("utf-8") for part in result.get("attachments", [])}


@pytest.mark.parametrize("run", [a_run(), a_plan(), a_demo(), hostile(a_run())], ids=["run", "plan", "demo", "hostile"])
def test_every_item_has_exactly_one_result_with_its_own_outcome(written, run):
    _, results = written(run)

    assert len(results) == len(run["items"])
    outcomes = Counter(_labels(result, "outcome")[0] for result in results.values())
    assert {outcome: count for outcome, count in run["totals"].items() if count} == outcomes


def test_only_what_passed_is_shown_as_passed(written):
    run = a_run()
    _, results = written(run)
    passed = {key for key, result in results.items() if result["status"] == "passed"}

    assert {entry["id"] for entry in run["items"] if entry["outcome"] == "passed"} == passed


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("failed", "failed"), ("error", "broken"), ("inconclusive", "broken"), ("warned", "unknown"), ("busy", "skipped")],
)
def test_an_outcome_has_its_status_its_tag_and_its_category(written, outcome, status):
    folder, results = written(a_run())
    result = next(result for result in results.values() if _labels(result, "outcome") == [outcome])
    categories = json.loads((folder / "categories.json").read_text())

    assert result["status"] == status
    assert _labels(result, "tag") == [outcome]
    assert result["statusDetails"]["message"].startswith(f"{outcome}: ")
    assert {
        "name": outcome.capitalize(),
        "matchedStatuses": [status],
        "messageRegex": f"^{outcome}:(.|\\n)*",
    } in categories


def test_an_item_is_known_by_the_same_key_in_every_run(written):
    _, one = written(a_run())
    _, other = written(a_run(run_id="another"))

    assert {key: result["historyId"] for key, result in one.items()} == {
        key: result["historyId"] for key, result in other.items()
    }
    assert {result["uuid"] for result in one.values()} & {result["uuid"] for result in other.values()} == set()


def test_writing_twice_leaves_what_writing_once_leaves(written):
    folder, _ = written(a_run())
    # allure-commons names the result files at random: what they hold is compared.
    first = sorted(path.read_bytes() for path in folder.iterdir())
    (folder / "of-an-earlier-run-result.json").write_text("{}")
    written(a_run())

    assert first == sorted(path.read_bytes() for path in folder.iterdir())


def test_results_are_their_owners_alone(written):
    folder, _ = written(a_run())

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_batches_are_one_step_with_their_statement_and_their_sum(written):
    folder, results = written(a_run())
    steps = _of(results, "test_purge")["steps"]
    sql = (folder / steps[0]["attachments"][0]["source"]).read_text()

    assert len(steps) == 1
    assert steps[0]["name"].startswith("delete from public.suggestions as s using batch")
    assert steps[0]["name"].endswith("(13 times, 96,000 rows)")
    assert steps[0]["stop"] - steps[0]["start"] == 3740
    assert steps[0]["attachments"][0]["type"] == "text/plain"
    assert sql.startswith("-- locks: ROW EXCLUSIVE on public.suggestions\n-- the first of 13; ")
    assert sql.endswith("where s.ctid = batch.ctid\n")


def test_an_action_is_listed_by_its_object_and_a_check_by_its_fact(written):
    _, results = written(a_run())

    assert _of(results, "test_purge")["name"] == "purge public.suggestions"
    assert _of(results, "test_isolation")["name"] == "A tenant sees its own rows only."


def test_steps_of_different_objects_stay_apart(written):
    parts = [statement(f"drop table public.logs_2024_{month:02d}", 0.1) for month in (1, 2)]
    _, results = written(a_run(items=[item("action", "retire", "public.logs", statements=parts)]))

    assert [step["name"] for step in _of(results, "retire")["steps"]] == [part["text"] for part in parts]


def test_a_statement_that_failed_is_a_failed_step(written):
    _, results = written(a_run())
    step = _of(results, "test_vacuum[public.rule_sets]")["steps"][0]

    assert (step["status"], step["statusDetails"]) == ("failed", {"message": "55P03: lock not available"})
    assert "7 attempts" in step["name"]


def test_a_plan_shows_its_statements_as_not_run(written):
    _, results = written(a_plan())
    steps = [step for result in results.values() for step in result.get("steps", [])]

    assert len(steps) == 16
    assert {step["status"] for step in steps} == {"skipped"}


def test_an_endless_list_of_statements_is_cut_with_a_word(written):
    parts = [statement(f"vacuum public.t_{number}", 0.001) for number in range(250)]
    _, results = written(a_run(items=[item("action", "many", statements=parts)]))
    steps = _of(results, "many")["steps"]

    assert len(steps) == 201
    assert steps[-1]["name"] == "50 more statements, in the run's journal"


def test_the_measures_are_a_table_of_before_and_after(written):
    folder, results = written(a_run())
    table = _attachments(folder, _of(results, "test_purge"))["Before and after"]

    assert '<tr><th>matching_rows</th><td>93,412</td><td class="changed">0</td></tr>' in table
    assert "<tr><th>held_rows</th><td>0</td><td>0</td></tr>" in table
    assert "color-scheme: light dark" in table


def test_what_was_tried_is_a_table_between_its_lines(written):
    rows = [('"a|<b>"', "app", "LEAK 1"), ("public.t", "app", "")]
    attempts = "\n".join(("2 tries.", "", *table(("relation", "role", "select"), rows), "", "- a note"))
    folder, results = written(a_run(items=[item("check", "x", evidence=[attempts])]))
    shown = _attachments(folder, _of(results, "test_x"))["Evidence"]

    assert '<p>2 tries.</p><table class="tried"><thead><tr><th>relation</th><th>role</th><th>select</th>' in shown
    assert '<tr><td>&quot;a|&lt;b&gt;&quot;</td><td>app</td><td class="loud">LEAK 1</td></tr>' in shown
    assert "<tr><td>public.t</td><td>app</td><td></td></tr></tbody></table><p>- a note</p>" in shown


def test_findings_are_a_table_and_a_sheet_with_their_next_step(written):
    folder, results = written(a_run())
    result = _of(results, "test_indexes_unused")
    parts = _attachments(folder, result)
    sheet = list(csv.DictReader(parts["Findings as CSV"].splitlines()))

    assert "<td>drop index concurrently public.correction_logs_unused_idx</td>" in parts["Findings"]
    assert "exempt" not in parts["Findings"]
    assert sheet[0]["object_name"] == "public.correction_logs_unused_idx"
    assert (
        "**Next steps:**\n\n- drop index concurrently public\\.correction\\_logs\\_unused\\_idx"
        in result["description"]
    )


def test_an_excuse_is_shown_with_its_owner_and_its_end(written):
    folder, results = written(a_run())
    result = _of(results, "test_personal_data")

    assert result["status"] == "skipped"
    assert "kept for the 2026 audit (dpo@validahub, until 2027-01-31)" in _attachments(folder, result)["Findings"]
    assert "**Excused:** kept for the 2026 audit" in result["description"]


@pytest.mark.parametrize("text", ["=1+1", "+1+cmd", "@sum", "-2+3+cmd|' /C calc'!A0"])
def test_a_sheet_runs_no_formula(written, text):
    folder, results = written(a_run(items=[item("check", "x", findings=[finding(text, "-5", "0")])]))
    sheet = list(csv.DictReader(_attachments(folder, _of(results, "test_x"))["Findings as CSV"].splitlines()))

    assert (sheet[0]["object_name"], sheet[0]["observed"]) == (f"'{text}", "-5")


class _Elements(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags = set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)


def test_hostile_text_stays_text_in_every_attachment(written):
    folder, results = written(hostile(a_run()))
    tables = [path.read_text("utf-8") for path in folder.glob("*.html")]
    everything = "".join(path.read_text("utf-8") for path in folder.iterdir())

    assert len(tables) > 10
    assert {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    } == set().union(*(_Elements(table).tags for table in tables))
    assert not set("\x00\x07\x1b\x7f\u202e\ufffe") & set(everything)
    assert "<script>" not in "".join(result["description"] for result in results.values())
    assert r"\x1b[31mred" in _of(results, "test_purge")["name"]


def test_the_environment_is_what_the_record_says(written):
    folder, _ = written(a_demo())
    lines = dict(line.split("=", 1) for line in (folder / "environment.properties").read_text().splitlines())

    assert [key for key in lines if not key.replace("_", "").isalnum()] == []
    assert lines["Target"] == "EMBEDDED DEMO (PostgreSQL 18.6), not a real database"
    assert lines["Totals"] == "39 passed, 2 warned, 1 not needed"
    assert lines["Status"] == "warned, exit code 0"
    assert lines["Recorded"] == "42 of 42 planned items"


def test_the_executor_is_the_run(written):
    run = a_demo()
    folder, _ = written(run)
    executor = json.loads((folder / "executor.json").read_text("utf-8"))

    assert {key: executor[key] for key in ("name", "buildName")} == {"name": "steward", "buildName": run["run_id"]}


def test_a_value_cannot_forge_a_line_of_the_environment(written):
    folder, _ = written(a_run(messages=["x\nTotals=all passed\\", HOSTILE]))
    lines = (folder / "environment.properties").read_text("utf-8").splitlines()

    assert [line for line in lines if line.startswith("Totals=")] == [f"Totals={_totals()}"]
    assert lines[-1].startswith("Messages=x Totals=all passed\\\\ · ")


def _totals():
    return "39 passed, 1 failed, 2 warned, 1 exempt, 1 error, 1 deferred, 1 busy, 1 inconclusive, 1 not needed"


def test_what_does_not_reconcile_is_an_error_of_the_whole_run(written):
    lost = item("action", "vacuum", "public.t", "error", reason="no outcome was recorded", started_at=None)
    books = {"planned": 1, "recorded": 0, "missing": [lost["id"]], "unplanned": ["x::y"], "repeated": []}
    folder, results = written(a_run(items=[lost], reconciliation=books))
    errors = json.loads(next(folder.glob("*-globals.json")).read_text())["errors"]

    assert results[lost["id"]]["status"] == "broken"
    assert [error["message"] for error in errors] == [
        f"{lost['id']}: planned, but no outcome was recorded",
        "x::y: not planned",
    ]


def test_what_stopped_a_run_is_an_error_of_the_whole_run(written):
    folder, _ = written(a_run(items=[], status="error", exit_code=2, messages=["db1:5432: refused; start it"]))
    errors = json.loads(next(folder.glob("*-globals.json")).read_text())["errors"]

    assert [error["message"] for error in errors] == ["db1:5432: refused; start it"]


def test_a_run_that_reconciles_has_no_error_of_its_own(written):
    folder, _ = written(a_run())

    assert list(folder.glob("*-globals.json")) == []
