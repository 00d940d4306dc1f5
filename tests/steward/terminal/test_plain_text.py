"""A run in words: whatever a database's names hold, a line stays a line and SQL stays harmless."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from steward.terminal import plain_text

_FIELD = re.compile(r'([a-z]+)=("(?:[^"\\]|\\.)*"|[^ "]+)')
HOSTILE = 'public."Odd ""na\nme"" \x1b[31m\u202e\u2028\r; drop table x; --"'


def _parsed(line):
    return {key: json.loads(value) if value.startswith('"') else value for key, value in _FIELD.findall(line)}


@given(st.text())
def test_logfmt_gives_back_any_text_and_is_one_line(text):
    line = plain_text.logfmt("failed", object=text, after="end")

    assert line.splitlines() == [line]
    assert _parsed(line) == {"object": text, "after": "end"}


@given(st.text())
def test_plain_text_is_printable_and_keeps_what_prints(text):
    shown = plain_text.plain(text)

    assert shown.isprintable()
    assert plain_text.plain("".join(char for char in text if char.isprintable())) in shown or not text.isprintable()


def test_logfmt_leaves_out_what_is_not_known_and_rounds_seconds():
    assert plain_text.logfmt("steward", exit=0, seconds=1.23456, report=None) == "steward exit=0 seconds=1.23"


def _run(*items):
    defaults = {"phase": "tables", "name": "vacuum", "outcome": "planned", "why": "dead rows", "subject": "s"}
    return {
        "started_at": "2026-11-22T10:00:00Z",
        "target": {"label": "test", "role": "validahub_system"},
        "items": [{**defaults, "id": str(number), **item} for number, item in enumerate(items)],
    }


def _statement(text, **more):
    return {"text": text, "locks": f"SHARE on {HOSTILE}", **more}


def test_a_plan_piped_to_psql_runs_its_statements_and_no_template(cluster, blank):
    table = sql.Identifier(HOSTILE[:40])
    blank.execute(sql.SQL("create table {} (id integer)").format(table))

    def insert(values):
        return sql.SQL("insert into {}\n").format(table).as_string() + values

    comment = f"-- {plain_text.plain(HOSTILE)}"
    run = _run(
        {"estimate": "12 rows", "subject": HOSTILE, "why": HOSTILE, "statements": [_statement(insert("values (1);"))]},
        {"statements": [_statement(insert(f"{comment}\nvalues (2),\n(3) {comment}"))]},
        {"statements": [_statement(insert(f"values (4);\r\n{insert('values (5)')}"), template=True)]},
        {"outcome": "passed", "statements": [_statement(insert("values (6)"))]},
    )
    text = "\n".join(plain_text.statements(run))

    programs = cluster.server.binaries
    psql = [programs.program("psql"), "-X", "-v", "ON_ERROR_STOP=1", "-d", blank.conninfo()]
    done = subprocess.run(psql, input=text, text=True, capture_output=True, check=False, env=programs.environment)
    rows = blank.execute(sql.SQL("select id from {} order by id").format(table))

    assert done.stderr == ""
    assert done.returncode == 0
    assert [row["id"] for row in rows] == [1, 2, 3]
    assert "-- estimate: 12 rows" in text


def test_a_plan_with_nothing_due_says_so_in_sql():
    lines = list(plain_text.statements(_run()))

    assert lines[-1] == "-- Nothing is due."
    assert all(line.startswith("--") for line in lines)


@pytest.mark.parametrize(("exempt", "open_ones"), [(None, 1), ({"reason": "r", "owner": "o", "expires": None}, 0)])
def test_exempt_findings_are_not_open(exempt, open_ones):
    assert len(plain_text.findings({"findings": [{"object_name": "x", "exempt": exempt}]})) == open_ones


def test_what_somebody_must_hear_of_comes_gravest_first():
    run = _run(*({"outcome": outcome} for outcome in ("passed", "warned", "not needed", "failed", "error", "busy")))

    assert [item["outcome"] for item in plain_text.noteworthy(run)] == ["error", "failed", "busy", "warned"]
