from __future__ import annotations

import re

import psycopg
import pytest
from psycopg import sql

from steward import QueryError
from steward.database import queries

MAJORS = (13, 14, 15, 16, 17, 18)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder of statements of the test's own."""
    monkeypatch.setattr(queries, "SQL", tmp_path)
    queries.variants.cache_clear()
    yield tmp_path
    queries.variants.cache_clear()


def statement(folder, name: str, text: str) -> None:
    path = folder / f"{name}.sql"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("server_version", "expected"),
    [(0, "any"), (130014, "any"), (140001, "14"), (150099, "14"), (160000, "16"), (170002, "16"), (190000, "16")],
)
def test_newest_variant_that_the_server_has_reached_is_chosen(files, server_version, expected):
    for variant, text in (("x/of", "any"), ("x/of.pg14", "14"), ("x/of.pg16", "16"), ("x/of_other.pg15", "wrong")):
        statement(files, variant, f"select '{text}'\n")

    assert queries.text("x/of", server_version) == f"select '{expected}'"


def test_name_without_a_file_is_told_in_one_line(files):
    with pytest.raises(QueryError) as caught:
        queries.text("x/absent", 180000)

    assert str(caught.value) == "sql/x/absent: no variant for server 18 (no such statement); reinstall"
    assert caught.value.exit_code == 2


def test_server_that_is_too_old_for_every_variant_is_told_which_there_are(files):
    statement(files, "x/of.pg16", "select 1\n")

    with pytest.raises(QueryError, match=r"^sql/x/of: no variant for server 15 \(for 16 and later\); reinstall$"):
        queries.text("x/of", 150000)


def test_comment_header_and_closing_semicolon_are_not_sent(files):
    statement(files, "x/of", "-- What it answers: this.\n--\n\n-- Columns: one.\nselect 1 -- one\n    as one;\n")

    assert queries.text("x/of") == "select 1 -- one\n    as one"


def test_identifiers_are_composed_and_values_bound(files, blank):
    statement(files, "x/of", "select %(value)s::text as {column}, '{{100%%}}' as literal\n")
    with blank.connect() as conn:
        rows = queries.fetch(conn, "x/of", {"value": "it's; drop"}, column=sql.Identifier('a "b" %s {c}'))

    assert rows == [{'a "b" %s {c}': "it's; drop", "literal": "{100%}"}]


def test_statement_of_a_connection_is_the_variant_of_its_server(files, blank):
    statement(files, "x/of", "select 'older' as chosen\n")
    statement(files, f"x/of.pg{blank.cluster.version}", "select 'its own' as chosen\n")
    statement(files, f"x/of.pg{blank.cluster.version + 1}", "select 'newer' as chosen\n")
    with blank.connect() as conn:
        rows = queries.fetch(conn, "x/of")

    assert rows == [{"chosen": "its own"}]


def test_error_of_the_server_keeps_its_sqlstate(files, blank):
    statement(files, "x/of", "select 1 / %(by)s\n")
    with blank.connect() as conn, pytest.raises(psycopg.errors.DivisionByZero) as caught:
        queries.execute(conn, "x/of", {"by": 0})

    assert caught.value.sqlstate == "22012"


def test_names_count_variants_once_in_order(files):
    for name in ("b/two", "a/one", "a/one.pg14", "a/one.pg16"):
        statement(files, name, "select 1\n")

    assert queries.names() == ("a/one", "b/two")
    assert queries.names("a") == ("a/one",)


SECTIONS = """-- What the file is for.
-- Minimum version: 13

-- name: first
-- What the first answers.
select 'first' as "-- name: none";

-- fragment: second
where true

-- name: third
select 'third';
"""


def test_sections_are_statements_of_their_own_with_the_headers_of_file_and_section(files):
    statement(files, "x/of", SECTIONS)
    [first, second, third] = queries.sections(SECTIONS)

    assert queries.text("x/of/first") == "select 'first' as \"-- name: none\""
    assert queries.text("x/of/second") == "where true"
    assert queries.text("x/of/third") == "select 'third'"
    assert first.header == "-- What the file is for.\n-- Minimum version: 13\n-- What the first answers."
    assert (first.fragment, second.fragment, third.fragment) == (False, True, False)


def test_variant_file_holds_only_the_sections_that_differ(files):
    statement(files, "x/of", SECTIONS)
    statement(files, "x/of.pg16", "-- Minimum version: 16\n\n-- name: third\nselect 'newer';\n")

    assert queries.text("x/of/third", 150000) == "select 'third'"
    assert queries.text("x/of/third", 160000) == "select 'newer'"
    assert queries.text("x/of/first", 160000).startswith("select 'first'")
    assert queries.names() == ("x/of/first", "x/of/second", "x/of/third")


@pytest.mark.parametrize("name", ["x/of", "x/of/fourth", "x/of/first/deeper"])
def test_name_of_no_section_is_no_statement(files, name):
    statement(files, "x/of", SECTIONS)

    with pytest.raises(QueryError, match="no such statement"):
        queries.text(name)


def test_names_of_a_file_are_its_sections_in_the_order_of_the_file(files):
    statement(files, "a/steps", "-- name: second\nselect 2;\n\n-- name: first\nselect 1;\n")
    statement(files, "a/steps_of_others", "select 3\n")

    assert queries.names("a/steps") == ("a/steps/second", "a/steps/first")


def test_statement_as_written_keeps_braces_and_percent_signs(files, blank):
    statement(files, "x/of", "create table public.written (text text default '{100%} %s')\n")
    with blank.connect() as conn:
        queries.run_as_written(conn, "x/of")
        [row] = conn.execute("insert into public.written default values returning text").fetchall()

    assert "{100%} %s" in tuple(row.values() if isinstance(row, dict) else row)


def test_every_statement_can_be_read_for_the_newest_server_and_has_a_header_and_a_text():
    found = queries.names()
    texts = {name: queries.text(name, 180000) for name in found}

    assert len(found) > 50
    assert [name for name, text in texts.items() if not text.strip() or text.startswith("--")] == []


@pytest.mark.parametrize("major", MAJORS)
def test_every_statement_is_there_for_every_server_that_its_header_promises(major):
    promised = [name for name in queries.names() if _minimum(name) <= major]
    missing = [name for name in promised if not _readable(name, major)]

    assert len(promised) > 50
    assert missing == []


def _minimum(name: str) -> int:
    """Return the oldest server that any variant of the statement says it is for."""
    found = []
    for variant in queries.variants(name).values():
        # The section's own line stands after that of its file.
        versions = re.findall(r"minimum version:? (\d+)", variant.header, re.IGNORECASE)
        found.append(int(versions[-1]) if versions else min(MAJORS))
    return min(found)


def _readable(name: str, major: int) -> bool:
    try:
        return bool(queries.text(name, major * 10000))
    except QueryError:
        return False
