"""A terminal shows a run live, and everything else gets lines that a program can read."""

from __future__ import annotations

import dataclasses
import io
import os
import pty
import re
import threading
import time

import pytest

from steward.record.plan import OperationSummary, Plan, PlannedItem
from steward.terminal.live import Terminal

HOSTILE = 'public."na\nme \x1b[31m\u2028é"'
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7]")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class _Typewriter:
    """A real pseudo terminal whose output is kept."""

    def __init__(self):
        self._master, slave = pty.openpty()
        self.stream = os.fdopen(slave, "w", encoding="utf-8")
        self._raw = bytearray()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        while True:
            try:
                part = os.read(self._master, 4096)
            except OSError:  # the other side is closed
                return
            self._raw += part

    def finish(self):
        self.stream.close()
        self._reader.join()
        os.close(self._master)
        return self._raw.decode()


def _item(name="vacuum", subject="public.suggestions", **more):
    defaults = {
        "id": f"{name}[{subject}]",
        "kind": "action",
        "name": name,
        "subject": subject,
        "why": "3,210 dead rows, limit 500",
        "cost": 4.5e6,
        "estimate": "4.3 MB",
        "lane": subject,
        "phase": "tables",
        "severity": "normal",
        "outcome": "passed",
        "reason": None,
        "duration_seconds": 0.4,
        "statements": [],
        "findings": [],
    }
    return {**defaults, **more}


def _finding(name="public.correction_logs", **more):
    defaults = {"object_name": name, "observed": "none", "expected": "one", "remediation": "create it", "exempt": None}
    return {**defaults, **more}


def _plan(items, examined):
    names = [field.name for field in dataclasses.fields(PlannedItem)]
    planned = [{name: item[name] for name in names if name in item} for item in items]
    return Plan("tables", ("tables",), (examined,), tuple(PlannedItem(**item) for item in planned))


def _run(*items, **more):
    defaults = {
        "run_id": "20261122T100000Z-daily-abc123",
        "schedule": "daily",
        "mode": "act",
        "demo": False,
        "started_at": "2026-11-22T10:00:00Z",
        "status": "warned",
        "exit_code": 0,
        "duration_seconds": 12.345,
        "target": {"label": "db.example/app", "server_version": "18.6", "role": "keeper"},
        "profile": {"name": "production"},
        "canary": {"reads": 10, "errors": 0, "p50_ms": 1.0, "p99_ms": 2.0, "max_ms": 48.1, "slowest_at": None},
        "items": items,
        "totals": {item["outcome"]: 1 for item in items},
    }
    return {**defaults, **more}


def _lines(quiet=True, encoding="utf-8", **run):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    terminal = Terminal.for_stream(stream, {"TERM": "xterm"}, quiet=quiet)
    finished = _run(*run.pop("items", ()), **run)
    terminal.header(finished)
    terminal.plan(_plan(finished["items"], OperationSummary("vacuum", 3, 1)))
    for item in finished["items"]:
        terminal.event({"event": "item_started", "item": item["id"]})
    terminal.progress([])
    terminal.event({"event": "phase_finished", "phase": "tables"})
    terminal.summary(finished, {"report": "/runs/a b/index.html"})
    terminal.statements(finished) if finished["mode"] == "plan" else None
    terminal.close()
    stream.flush()
    return raw.getvalue().decode(encoding).splitlines()


def _shown(columns=100, environ=None, items=(), during=lambda terminal: None, **run):
    typewriter = _Typewriter()
    terminal = Terminal.for_stream(
        typewriter.stream, {"TERM": "xterm", "COLUMNS": str(columns), **(environ or {})}, quiet=False
    )
    finished = _run(*items, **run)
    terminal.header(finished)
    terminal.plan(_plan(finished["items"], OperationSummary("analyze", 340, 0)))
    terminal.event({"event": "phase_started", "phase": "tables"})
    for item in items:
        terminal.event({"event": "item_started", "item": item["id"]})
    during(terminal)
    for item in items:
        outcome = {key: item[key] for key in ("outcome", "reason", "duration_seconds")}
        terminal.event({"event": "outcome", "item": item["id"], **outcome})
    terminal.event({"event": "phase_finished", "phase": "tables"})
    terminal.summary(finished, {"report": "/runs/" + "long/" * 20 + "a b/index.html"})
    terminal.close()
    terminal.close()
    return typewriter.finish()


def _words(raw):
    return CONTROL.sub("", raw).replace("\r", "")


def test_a_quiet_run_without_anything_to_say_is_one_line():
    lines = _lines(items=[_item()], status="passed")

    assert lines == [
        (
            "steward run=20261122T100000Z-daily-abc123 schedule=daily status=passed exit=0 seconds=12.35 passed=1 "
            'report="/runs/a b/index.html"'
        )
    ]


@pytest.mark.parametrize("outcome", ["warned", "failed", "error", "deferred", "busy", "inconclusive"])
def test_each_noteworthy_item_is_a_line_with_its_reason(outcome):
    lines = _lines(items=[_item(outcome=outcome, reason="because of pid 7")])

    assert lines[0] == f'{outcome} severity=normal item=vacuum subject=public.suggestions reason="because of pid 7"'
    assert len(lines) == 2


def test_a_finding_is_told_with_object_observed_expected_and_remedy():
    [line, _] = _lines(items=[_item("partitions", outcome="failed", findings=[_finding()])])

    assert line == (
        "failed severity=normal item=partitions subject=public.suggestions object=public.correction_logs "
        'observed=none expected=one remedy="create it"'
    )


def test_many_findings_are_cut_off_with_their_number():
    lines = _lines(items=[_item(outcome="warned", findings=[_finding(f"t{number}") for number in range(25)])])

    assert len(lines) == 22
    assert lines[-2] == "warned severity=normal item=vacuum subject=public.suggestions more=5"


def test_exempt_findings_are_not_told():
    exempt = {"reason": "known", "owner": "ops", "expires": "2027-01-01"}
    lines = _lines(items=[_item(outcome="exempt", findings=[_finding(exempt=exempt)])])

    assert len(lines) == 1


def test_without_a_terminal_the_steps_are_lines_too():
    lines = _lines(quiet=False, items=[_item()])

    assert [line.split(" ")[0] for line in lines] == ["start", "plan", "phase", "steward"]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_hostile_names_stay_on_one_line_in_any_locale(encoding):
    lines = _lines(encoding=encoding, items=[_item(subject=HOSTILE, outcome="busy", reason="é\u4e2d")])

    assert len(lines) == 2
    assert lines[0].startswith("busy ")
    assert "\x1b" not in lines[0]


def test_all_lines_of_a_plan_are_sql_comments():
    lines = _lines(quiet=False, mode="plan", items=[_item(outcome="planned"), _item("check", outcome="warned")])

    assert all(line.startswith("--") or not line for line in lines)
    assert "-- estimate: 4.3 MB" in lines


def test_a_demo_is_called_a_demo_everywhere():
    assert "EMBEDDED DEMO" in _lines(demo=True)[-1]
    assert _words(_shown(demo=True)).count("EMBEDDED DEMO") == 2
    assert "EMBEDDED DEMO" not in _words(_shown())


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {"TERM": ""}])
def test_a_terminal_that_cannot_move_its_cursor_gets_lines(environ):
    raw = _shown(environ=environ, items=[_item()])

    assert "\x1b" not in raw
    assert raw.splitlines()[-1].startswith("steward run=")


def test_the_plan_says_what_object_why_estimate_and_lane():
    shown = _words(_shown(columns=140, items=[_item(lane="public.correction_logs")]))

    row = next(line for line in shown.splitlines() if "3,210 dead rows" in line)

    assert " ".join(row.split()) == (
        "vacuum public.suggestions 3,210 dead rows, limit 500 4.3 MB public.correction_logs"
    )
    assert "analyze: 340 examined, none due" in shown


def test_live_progress_of_the_server_is_shown_beside_the_item():
    row = {"pid": 1, "command": "VACUUM", "relation": "public.suggestions", "phase": "scanning heap"}
    other = {**row, "command": "AUTOVACUUM", "relation": "public.other", "phase": "vacuuming indexes"}

    def during(terminal):
        terminal.progress([{**row, "done": 41, "total": 100}, {**other, "done": None, "total": None}])
        time.sleep(0.6)

    shown = _words(_shown(items=[_item()], during=during))

    assert "41 % scanning heap" in shown
    assert "autovacuum public.other" in shown
    assert "0 of 1 done, 1 running" in shown


def test_progress_of_an_index_is_shown_beside_its_item_though_the_server_names_the_table():
    row = {"pid": 1, "command": "REINDEX CONCURRENTLY", "relation": "public.suggestions", "phase": "building index"}
    item = _item("reindex", "public.suggestions_pkey", lane="public.suggestions")

    def during(terminal):
        terminal.progress([{**row, "done": 1, "total": 4}])
        time.sleep(0.6)

    shown = _words(_shown(items=[item], during=during))

    assert re.search(r"reindex public\.suggestions_pkey .*25 % building index", shown)


def test_progress_of_batches_is_shown_without_the_servers_views():
    def during(terminal):
        terminal.event({"event": "progress", "item": _item()["id"], "done": 3, "total": 12, "phase": "batch 3"})
        time.sleep(0.6)

    assert "25 % batch 3" in _words(_shown(items=[_item()], during=during))


def test_names_cannot_send_escape_sequences_to_a_terminal():
    items = [_item(subject=HOSTILE, outcome="failed", reason=HOSTILE, findings=[_finding(HOSTILE)])]

    assert "me \x1b[31m" not in _shown(items=items, columns=200)
    assert "na\\nme \\x1b[31m\\u2028é" in _words(_shown(items=items, columns=200))


def test_markup_in_names_is_text():
    assert "[bold]x[/bold] :boom:" in _words(_shown(items=[_item(subject="[bold]x[/bold] :boom:")]))


def test_no_color_is_respected():
    assert COLOUR.search(_shown(items=[_item()]))
    assert not COLOUR.search(_shown(items=[_item()], environ={"NO_COLOR": "1"}))


def test_the_summary_says_done_found_next_and_where():
    items = [_item(), _item("partitions", outcome="warned", findings=[_finding(), _finding("public.other")])]

    shown = _words(_shown(items=items))

    assert "daily warned, exit 0, 12.3 s" in shown
    assert re.search(r"Done\n +vacuum +1 in 0\.4 s", shown)
    assert re.search(r"! warned +partitions +public.other +none +one", shown)
    assert "1. create it (2 times)" in shown
    assert "slowest 48.1 ms" in shown


def test_a_path_is_never_broken_by_a_narrow_terminal():
    shown = _words(_shown(columns=50, items=[_item(outcome="failed", reason="x")]))

    assert "report   /runs/" + "long/" * 20 + "a b/index.html\n" in shown


@pytest.mark.parametrize("columns", [20, 40, 79, 300])
def test_no_width_breaks_the_view(columns):
    items = [_item(str(number), outcome="failed", reason="x" * 300) for number in range(30)]

    shown = _words(_shown(columns=columns, items=items))

    assert "more" in shown


def test_the_cursor_is_back_after_an_error():
    typewriter = _Typewriter()
    terminal = Terminal.for_stream(typewriter.stream, {"TERM": "xterm"}, quiet=False)
    terminal.event({"event": "phase_started", "phase": "tables"})
    terminal.message("as it goes")
    terminal.error("production.toml: unknown key\nx; did you mean y")
    raw = typewriter.finish()

    assert raw.rindex("\x1b[?25h") > raw.rindex("\x1b[?25l")
    assert "error: production.toml: unknown key\\nx; did you mean y" in _words(raw)
    assert "as it goes" in raw


def test_an_error_is_one_line_also_in_a_log():
    stream = io.StringIO()
    terminal = Terminal.for_stream(stream, {}, quiet=True)
    terminal.message("not in a quiet log")
    terminal.error("db: refused\nagain; start it")

    assert stream.getvalue() == "error: db: refused\\nagain; start it\n"
