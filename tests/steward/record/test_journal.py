from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from steward.record import journal, provenance
from steward.record.journal import Journal

ITEM = {
    "id": "maintenance/test_x.py::test_x[a]",
    "kind": "action",
    "name": "x",
    "subject": "a",
    "title": "",
    "why": "",
    "lane": "a",
    "cost": 1.0,
    "phase": "tables",
    "step": 0,
    "severity": "normal",
    "controls": [],
}

# A program, not a thread: appending must be safe between processes.
APPENDS = """
import sys
from pathlib import Path
from steward.record.journal import Journal
journal = Journal(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    journal.write("progress", item=sys.argv[2], number=number, text="é" * 3000)
"""


def plan(run_dir: Path, phase: str, *items: dict) -> None:
    document = {"phase": phase, "phases": [phase], "examined": [], "items": list(items)}
    (run_dir / f"plan-{phase}.json").write_text(json.dumps(document), encoding="utf-8")


def appending(run_dir: Path, name: str, times: int) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", APPENDS, str(run_dir), name, str(times)], cwd=provenance.ROOT)


def written(run_dir: Path) -> str:
    return (run_dir / journal.JOURNAL).read_text(encoding="utf-8")


def test_processes_that_append_at_once_leave_every_line_whole(tmp_path):
    processes = [appending(tmp_path, f"writer {number}", 50) for number in range(4)]
    codes = [process.wait(timeout=60) for process in processes]
    lines = written(tmp_path).splitlines()
    events = [json.loads(line) for line in lines]

    assert codes == [0] * 4
    assert len(events) == 200
    for number in range(4):
        mine = [event["number"] for event in events if event["item"] == f"writer {number}"]
        assert mine == list(range(50))


def test_killed_writer_leaves_only_whole_events_to_read(tmp_path):
    process = appending(tmp_path, "victim", 100_000)
    while not (tmp_path / journal.JOURNAL).exists() or written(tmp_path).count("\n") < 20:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    Journal(tmp_path).write("message", text="the supervisor goes on")
    events = list(journal.read(tmp_path))
    numbers = [event["number"] for event in events[:-1]]

    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 20
    assert events[-1]["text"] == "the supervisor goes on"


def test_last_line_that_was_cut_off_is_left_out(tmp_path):
    Journal(tmp_path).write("message", text="whole")
    with (tmp_path / journal.JOURNAL).open("a", encoding="utf-8") as file:
        file.write('{"t":"2026-11-22T02:00:00.000Z","event":"message","pid":1,"text":"cut o')

    assert [event["text"] for event in journal.read(tmp_path)] == ["whole"]


def test_event_after_a_line_that_was_cut_off_is_not_lost(tmp_path):
    with (tmp_path / journal.JOURNAL).open("a", encoding="utf-8") as file:
        file.write('{"t":"2026-11-22T02:00:00.000Z","event":"statement","pid":1,"item":"x","text":"delete fr')
    Journal(tmp_path).write("outcome", item="x", outcome="error")
    events = list(journal.read(tmp_path))

    assert [(event["event"], event["outcome"]) for event in events] == [("outcome", "error")]


def test_line_that_is_no_event_is_left_out(tmp_path):
    with (tmp_path / journal.JOURNAL).open("a", encoding="utf-8") as file:
        file.write('ut off from the front"}\n\n')
    Journal(tmp_path).write("message", text="next")

    assert [event["text"] for event in journal.read(tmp_path)] == ["next"]


def test_event_whose_figures_look_like_the_head_of_a_line_is_read_whole(tmp_path):
    Journal(tmp_path).write("progress", item="x", sample={"t": "now"})

    assert [event["event"] for event in journal.read(tmp_path)] == ["progress"]


def test_journal_is_for_its_owner_only(tmp_path):
    former = os.umask(0)
    try:
        Journal(tmp_path)
    finally:
        os.umask(former)

    assert stat.S_IMODE((tmp_path / journal.JOURNAL).stat().st_mode) == 0o600


def test_full_disk_stops_the_writer_before_it_acts():
    with pytest.raises(OSError, match="No space left"):
        full_disk().write("intent", item="x")


def full_disk() -> Journal:
    """A journal on the device that is always full."""
    made = Journal.__new__(Journal)
    made._redactor = journal.Redactor()
    made._file = os.open("/dev/full", os.O_WRONLY)
    return made


def test_values_that_json_does_not_know_are_written_as_it_does(tmp_path):
    Journal(tmp_path).write(
        "outcome",
        item="x",
        at=datetime(2026, 11, 22, 3, tzinfo=timezone(timedelta(hours=1))),
        took=timedelta(milliseconds=250),
        ratio=Decimal("0.25"),
        not_a_number=float("nan"),
        infinite=Decimal("Infinity"),
        names={"b", "a"},
        pair=(1, None),
        path=Path("/x"),
    )

    [line] = written(tmp_path).splitlines()
    event = json.loads(line, parse_constant=pytest.fail)

    assert event["at"] == "2026-11-22T02:00:00+00:00"
    assert event["took"] == 0.25
    assert event["ratio"] == 0.25
    assert event["not_a_number"] == "nan"
    assert event["infinite"] == "Infinity"
    assert event["names"] == ["a", "b"]
    assert event["pair"] == [1, None]
    assert event["path"] == "/x"


def test_time_of_an_event_is_utc_in_milliseconds(tmp_path):
    before = datetime.now(UTC)
    Journal(tmp_path).write("message", text="")
    [event] = journal.read(tmp_path)

    assert len(event["t"]) == len("2026-11-22T02:00:00.000Z")
    assert event["t"].endswith("Z")
    assert abs(datetime.fromisoformat(event["t"]) - before) < timedelta(seconds=5)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://app:hunter2@db/validahub",
        "postgres://app:hunter2@db:5432/validahub?sslmode=require",
        "POSTGRESQL://app:hunter2@db",
        "postgresql://:hunter2@/validahub",
        "postgresql://app:hun@hunter2@db/validahub",
        "postgresql://db/validahub?user=app&password=hunter2&sslmode=require",
        "host=db password=hunter2 user=app",
        "host=db password = hunter2",
        "host=db password='hunter2' user=app",
        r"host=db password='it\'s hunter2' user=app",
        'password="hunter2"',
        "password='hunter2",
        "sslpassword=hunter2",
        "PGPASSWORD=hunter2 psql",
        "{'host': 'db', 'password': 'hunter2'}",
        '{"password": "hunter2"}',
        "alter role app password 'hunter2'",
        "create role app login encrypted PASSWORD\n    'hunter2' valid until 'infinity'",
        "alter role app password 'it''s hunter2'",
        "alter role app password E'it\\'s hunter2'",
        "alter role app password $$hunter2$$",
        "alter role app password $x$a $$ hunter2$x$",
        "alter role app password 'hunter2",
    ],
)
def test_what_looks_like_a_password_is_not_written(tmp_path, text):
    Journal(tmp_path).write("statement", item="x", text=f"before {text} after", parts=[text], by={"key": (text,)})

    assert "hunter2" not in written(tmp_path)
    assert "before" in written(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://app@db/validahub",
        "https://www.postgresql.org/docs/current/sql-vacuum.html",
        "wrong password for user app; correct it in DATABASE_URL, PGPASSWORD or the passfile",
        "vacuum (analyze) public.passwords",
        "select 'a:b@c' from public.x where kept = 'yes'",
    ],
)
def test_what_only_resembles_a_password_is_written_as_it_is(tmp_path, text):
    Journal(tmp_path).write("message", text=text)
    [event] = journal.read(tmp_path)

    assert event["text"] == text


@pytest.mark.parametrize(
    "environ",
    [
        {"PGPASSWORD": "p@ss w'o\\rd"},
        {"DATABASE_URL": "postgresql://app:p%40ss%20w%27o%5Crd@db/validahub"},
        {"DATABASE_URL": "postgresql://db/validahub?password=p%40ss%20w%27o%5crd"},
        {"DATABASE_URL": r"host=db password='p@ss w\'o\\rd'"},
        {"DATABASE_URL": r"host=db sslpassword='p@ss w\'o\\rd'"},
    ],
)
def test_password_of_the_environment_is_known_however_it_is_given(environ):
    assert journal.secrets(environ) == {"p@ss w'o\\rd"}


def test_environment_without_a_password_has_no_secret():
    assert journal.secrets({"DATABASE_URL": "postgresql://db/validahub", "PGPASSWORD": ""}) == frozenset()


def test_url_that_cannot_be_read_is_a_secret_as_a_whole():
    url = "postgresql://app:hunter%zz@db/validahub"

    assert journal.secrets({"DATABASE_URL": url}) == {url}


# Any text that a person could choose, but no stars (that is how a redacted password looks) and not shorter than what
# could stand by chance in a time or a pid.
PASSWORDS = st.text(
    st.characters(exclude_characters="*\x00", exclude_categories=["Cs"]), min_size=4, max_size=30
).filter(lambda text: text.strip() and not text.isdigit())


@given(PASSWORDS)
@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_secret_of_any_shape_never_appears_in_what_is_written(tmp_path_factory, secret):
    run_dir = tmp_path_factory.mktemp("run")
    encoded, doubled = quote(secret, safe=""), secret.replace("'", "''")
    Journal(run_dir, {secret}).write(
        "zzz",
        q=f"zq {secret} zq",
        qq=[f"zq://zq:{encoded}@zq", f"zq://zq:{encoded.lower()}@zq"],
        qqq={"q": {"q": (f"zq '{doubled}'",)}},
        qqqq=RuntimeError(f"zq {secret}"),
    )
    [event] = journal.read(run_dir)
    text = "\n".join(texts({key: value for key, value in event.items() if key not in {"t", "event", "pid"}}))
    # What the suite itself put around it may spell it by chance.
    around = "zq 'zq' zq://zq:@zq"

    assert secret in around or secret not in text
    assert encoded in around or encoded not in text


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("secret", ["test", "passed", "daily", "item", "outcome", "maintenance", "t"])
def test_password_that_is_a_word_of_the_suite_does_not_spoil_the_record(tmp_path, secret):
    plan(tmp_path, "tables", ITEM)
    made = Journal(tmp_path, {secret})
    made.write("run_started", schedule="daily", run_id="20261122T020000Z-daily-abcdef", mode="act")
    made.write("item_started", item=ITEM["id"])
    made.write("outcome", item=ITEM["id"], outcome="passed", reason=f"the password is {secret}")
    run = journal.fold(tmp_path)
    [item] = run["items"]

    assert run["schedule"] == "daily"
    assert item["outcome"] == "passed"
    assert run["reconciliation"]["unplanned"] == []
    assert secret not in item["reason"].replace("the password is", "")


def test_every_planned_item_has_its_outcome_and_figures(tmp_path):
    plan(tmp_path, "tables", ITEM)
    made = Journal(tmp_path)
    made.write("run_started", run_id="r", schedule="daily")
    made.write("phase_planned", phase="tables", examined=[{"procedure": "x", "examined": 7, "needed": 1}], planned=1)
    made.write("item_started", item=ITEM["id"])
    made.write("statement", item=ITEM["id"], text="vacuum a", seconds=0.5, rows=None, locks="", attempts=2, error=None)
    made.write(
        "outcome",
        item=ITEM["id"],
        outcome="passed",
        reason=None,
        duration_seconds=0.6,
        before={"dead": 9},
        after={"dead": 0},
    )
    made.write("phase_finished", phase="tables")
    made.write("canary", figures={"reads": 3})
    made.write("message", text="hear")
    made.write("run_finished", exit_code=0)
    run = journal.fold(tmp_path)
    [item] = run["items"]
    [phase] = run["phases"]

    assert item["outcome"] == "passed"
    assert item["started_at"] is not None
    assert item["before"] == {"dead": 9}
    assert item["after"] == {"dead": 0}
    assert [(part["text"], part["attempts"]) for part in item["statements"]] == [("vacuum a", 2)]
    assert "cost" not in item
    assert phase["finished_at"] >= phase["started_at"]
    assert phase["examined"] == [{"procedure": "x", "examined": 7, "needed": 1}]
    assert run["canary"] == {"reads": 3}
    assert run["messages"] == ["hear"]
    assert run["exit_code"] == 0
    assert run["totals"]["passed"] == 1
    assert sum(run["totals"].values()) == 1
    assert run["reconciliation"] == {"planned": 1, "recorded": 1, "missing": [], "unplanned": [], "repeated": []}


def test_planned_item_without_an_outcome_is_missing_and_an_error(tmp_path):
    plan(tmp_path, "tables", ITEM)
    Journal(tmp_path).write("item_started", item=ITEM["id"])
    run = journal.fold(tmp_path)

    assert run["reconciliation"]["missing"] == [ITEM["id"]]
    assert run["reconciliation"]["recorded"] == 0
    assert run["totals"]["error"] == 1


def test_item_that_nobody_planned_is_named(tmp_path):
    plan(tmp_path, "tables")
    Journal(tmp_path).write("outcome", item="maintenance/test_y.py::test_y", outcome="passed")
    run = journal.fold(tmp_path)

    assert run["reconciliation"]["unplanned"] == ["maintenance/test_y.py::test_y"]
    assert run["items"] == []


def test_item_with_two_outcomes_is_named(tmp_path):
    plan(tmp_path, "tables", ITEM)
    made = Journal(tmp_path)
    made.write("outcome", item=ITEM["id"], outcome="error", reason="its worker died")
    made.write("outcome", item=ITEM["id"], outcome="passed")

    assert journal.fold(tmp_path)["reconciliation"]["repeated"] == [ITEM["id"]]


def test_items_of_several_phases_stand_in_the_order_of_their_plans(tmp_path):
    for number, phase in enumerate(("verify", "prepare", "tables")):
        plan(tmp_path, phase, {**ITEM, "id": phase, "phase": phase})
        os.utime(tmp_path / f"plan-{phase}.json", ns=(number, number))

    assert [item["id"] for item in journal.fold(tmp_path)["items"]] == ["verify", "prepare", "tables"]


def test_long_work_keeps_its_last_hundred_progress_lines_in_the_record_and_all_in_the_journal(tmp_path):
    plan(tmp_path, "tables", ITEM)
    made = Journal(tmp_path)
    for done in range(130):
        made.write("progress", item=ITEM["id"], done=done)
    [item] = journal.fold(tmp_path)["items"]

    assert [line["done"] for line in item["log"]] == list(range(30, 130))
    assert len(list(journal.read(tmp_path))) == 130


def test_work_of_many_statements_shows_the_last_hundred_and_says_how_many_there_were(tmp_path):
    plan(tmp_path, "tables", ITEM)
    made = Journal(tmp_path)
    for number in range(130):
        made.write("statement", item=ITEM["id"], text=f"delete {number}")
    made.write("outcome", item=ITEM["id"], outcome="passed", figures={"rows": 7})
    [item] = journal.fold(tmp_path)["items"]

    assert [part["text"] for part in item["statements"]] == [f"delete {number}" for number in range(30, 130)]
    assert item["figures"] == {"rows": 7, "statements": 130}


def test_escalated_deferral_is_a_failure_and_still_one_outcome(tmp_path):
    plan(tmp_path, "tables", ITEM)
    made = Journal(tmp_path)
    made.write("outcome", item=ITEM["id"], outcome="deferred", reason="load")
    made.write("escalated", item=ITEM["id"], outcome="failed", reason="deferred 3 times in a row")
    run = journal.fold(tmp_path)

    assert (run["items"][0]["outcome"], run["items"][0]["reason"]) == ("failed", "deferred 3 times in a row")
    assert run["reconciliation"]["repeated"] == []


def test_run_that_wrote_nothing_has_an_empty_record(tmp_path):
    run = journal.fold(tmp_path)

    assert run["items"] == []
    assert run["reconciliation"]["planned"] == 0
