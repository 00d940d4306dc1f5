from __future__ import annotations

import json

from reports import history
from tests.fixtures.runs import a_run, stamp


def _line(number):
    return json.dumps({"uuid": f"allure-{number}", "timestamp": 0, "testResults": {"n": number}})


def _run(number):
    return a_run(run_id=f"run-{number}", started_at=stamp(60 * number))


def test_a_run_drawn_twice_is_kept_once(tmp_path):
    file = tmp_path / "history.jsonl"
    for number, drawn in ((1, "a"), (2, "b"), (1, "c")):
        history.keep(file, _run(number), _line(drawn))
    lines = [json.loads(line) for line in file.read_text().splitlines()]

    assert [(line["uuid"], line["testResults"]["n"]) for line in lines] == [("run-1", "c"), ("run-2", "b")]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_run_is_compared_with_those_before_it_only(tmp_path):
    file = tmp_path / "history.jsonl"
    for number in (3, 1, 2):
        history.keep(file, _run(number), _line(number))

    assert [json.loads(line)["uuid"] for line in history.earlier(file, _run(2))] == ["run-1"]
    assert history.earlier(tmp_path / "none.jsonl", _run(2)) == []


def test_the_history_does_not_grow_for_ever(tmp_path):
    file = tmp_path / "history.jsonl"
    for number in range(70):
        history.keep(file, _run(number), _line(number))
    kept = [json.loads(line)["uuid"] for line in file.read_text().splitlines()]

    assert [f"run-{number}" for number in range(10, 70)] == kept


def test_another_database_or_schedule_has_a_history_of_its_own(tmp_path):
    run = a_run()
    other = {**run["target"], "system_identifier": "1"}
    files = {
        history.path(tmp_path, run),
        history.path(tmp_path, a_run(run_id="another", started_at=stamp(9))),
        history.path(tmp_path, a_run(schedule="weekly")),
        history.path(tmp_path, a_run(target=other)),
    }

    assert len(files) == 3
