"""Each rule of the house sees a planted violation, and lets the healthy twin pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house import code, repository, retired, statements

FLOORS = {"steward.database": ("queries", "session"), "steward.engine": ("guard", "action"), "steward": ("plugin",)}


def _file(text, path="steward/database/session.py"):
    return {Path(path): text}


@pytest.mark.parametrize(
    "line",
    [
        "from steward.engine.action import Work",
        "from steward.engine import action",
        "from steward import engine",
        "import steward.engine.action",
        "from steward.plugin import x",
        "if TYPE_CHECKING:\n    from steward.engine.action import Work",
        "def f():\n    from steward.engine import action",
    ],
)
def test_an_import_of_a_package_above_is_seen(line):
    [found] = code.upward(_file(line), FLOORS)

    assert "which stands above it" in found


def test_an_import_of_a_room_above_in_the_same_package_is_seen():
    assert code.upward(_file("from steward.database import session", "steward/database/queries.py"), FLOORS) == [
        "steward/database/queries.py:1 imports steward.database.session, which stands above it"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "from steward.database import queries",
        "from steward.database.queries import text",
        "from steward import StewardError",
        "import action",
        "from x import action",
    ],
)
def test_an_import_downward_or_of_something_else_is_not(line):
    assert code.upward(_file(line), FLOORS) == []


@pytest.mark.parametrize("path", ["steward/database/attic.py", "steward/attic.py", "steward/attic/session.py"])
def test_a_room_that_stands_nowhere_is_seen(path):
    assert code.upward(_file("", path), FLOORS) == [f"{path} stands on no floor"]


def test_an_import_of_what_a_package_does_not_offer_is_seen():
    offers = code.offered(
        {
            Path("steward/database/__init__.py"): '__all__ = ["session"]',
            Path("steward/engine/__init__.py"): "__all__ = []",
        }
    )
    text = "from steward.database import queries, session\nfrom steward.database.session import Session"

    assert code.not_offered(_file(text, "steward/engine/guard.py"), FLOORS, offers) == [
        "steward/engine/guard.py:1 imports queries, which steward.database does not offer"
    ]
    assert code.not_offered(_file(text, "steward/database/session.py"), FLOORS, offers) == []


def test_an_offer_that_nobody_uses_is_seen():
    offers = {"steward.database": {"queries", "session", "target"}}
    texts = ["from steward.database import queries", "import steward.database.session", "from steward import database"]

    assert code.unused_offers(texts, offers) == ["steward.database offers target, which nobody uses"]
    assert code.unused_offers([*texts, "from steward import database\ndatabase.target"], offers) == []


@pytest.mark.parametrize(
    "line",
    [
        "from steward import Inconclusive",
        "import steward",
        "from steward.isolation import catalog",
        "from steward.isolation.catalog.scope import parts",
        "from steward.isolation.analysis_more import x",
        "if TYPE_CHECKING:\n    from steward.engine.check import Check",
    ],
)
def test_an_import_that_leaves_a_package_which_stands_alone_is_seen(line):
    assert len(code.outside(_file(line), "steward.isolation.analysis")) == 1


@pytest.mark.parametrize("line", ["from steward.isolation.analysis import filters", "import pglast", "import re"])
def test_an_import_that_stays_in_a_package_which_stands_alone_is_not(line):
    assert code.outside(_file(line), "steward.isolation.analysis") == []


@pytest.mark.parametrize("line", ["import psycopg", "from psycopg import sql", "import psycopg.rows as rows"])
def test_a_banned_import_is_seen(line):
    assert len(code.banned(_file(line), "psycopg")) == 1


@pytest.mark.parametrize("line", ["import psycopg2", "from steward import psycopg"])
def test_what_is_only_called_like_a_banned_import_is_not(line):
    assert code.banned(_file(line), "psycopg") == []


@pytest.mark.parametrize("call", ["psycopg.connect(dsn)", "Connection.connect(dsn)", "psycopg.Connection.connect()"])
def test_a_connection_made_elsewhere_is_seen(call):
    assert code.connecting(_file(call)) == ["steward/database/session.py:1 connects"]


def test_other_methods_of_that_name_are_not():
    assert code.connecting(_file("signal.connect(handler); database.connect()")) == []


@pytest.mark.parametrize(
    "line",
    [
        'conn.execute(f"drop table {name}")',
        'text = "select a " "from b"',
        'text = "SELECT set_config(%s)"',
        'text = "update t set a = 1"',
        'text = f"vacuum ({options}) {name}"',
        'text = """\n    with due as (select 1) select * from due"""',
        'text = f"alter role {role} bypassrls"',
    ],
)
def test_sql_in_python_is_seen(line):
    assert len(code.assembled_sql(_file(line))) >= 1


@pytest.mark.parametrize(
    "line",
    [
        '"""Select rows from a table."""',
        'reason = f"vacuum of {name} is running"',
        'reason = "update the profile; set workers"',
        'text = queries.compose("maintenance/vacuum", table=x)',
        'hint = f"create it in {place}"',
    ],
)
def test_prose_about_sql_is_not(line):
    assert code.assembled_sql(_file(line)) == []


def test_a_long_function_is_seen_whatever_its_docstring():
    short = 'def f(\n    a,\n):\n    """One.\n\n    Two.\n    """\n    return a\n'
    long = "def g():\n" + "    x = 1\n" * 4

    assert code.long_functions(_file(short + long), 3) == ["steward/database/session.py:9 g has 4 lines"]


def test_a_module_without_all_is_seen():
    assert code.without_all(_file("x = 1")) == ["steward/database/session.py has no __all__"]
    assert code.without_all(_file("__all__ = ['x']\nx = 1")) == []
    assert code.without_all(_file('"""Only a word on what is in here."""\nfrom __future__ import annotations')) == []


@pytest.mark.parametrize(
    "line",
    ["told = 1", "for told in x: pass", "def f(told): pass", "def told(): pass", "[1 for told in x]", "x.told = 1"],
)
def test_a_name_that_says_nothing_is_seen(line):
    assert code.named(_file(line), "told") == ["steward/database/session.py:1 calls something told"]
    assert code.named(_file(line.replace("told", "row")), "told") == []


def test_first_arguments_of_a_method_are_found():
    text = 'check.run("gaps", a=1); self.run(name); run("other"); check.runs("x"); queries.names("schema")'

    assert code.first_arguments(_file(text), "run") == {"gaps"}
    assert code.first_arguments(_file(text), "names") == {"schema"}


HEALTHY = "-- What it answers.\n-- Minimum version: 13\nselect c.oid\nfrom pg_catalog.pg_class as c\norder by 1\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("select 1", "has no header"),
        ("-- What it answers.\nselect 1", "names no minimum version"),
        (HEALTHY + ";\nselect 2", "more than one statement"),
        (HEALTHY + "\tlimit 1", "tabs"),
        (HEALTHY.replace("select", "SELECT"), "shouts SELECT"),
        (HEALTHY.replace("pg_catalog.", ""), "does not qualify pg_class"),
        (HEALTHY.replace("c.oid", "pg_relation_size(c.oid)"), "does not qualify pg_relation_size"),
        (HEALTHY.replace("from", "from pg_catalog.pg_index join pg_locks, "), "does not qualify pg_locks"),
    ],
)
def test_a_misshapen_statement_is_seen(text, complaint):
    found = statements.misshapen(_file(text, "sql/x.sql"))

    assert any(complaint in finding for finding in found)


SECTIONS = (
    "-- What the file is for.\n-- Minimum version: 13\n\n-- name: first\nselect 1;\n\n-- fragment: part\nwhere true\n"
    "\n-- name: second\n-- Minimum version: 14\nselect 2\norder by 1;\n"
)


def test_a_file_of_healthy_sections_is_left_alone():
    assert statements.misshapen(_file(SECTIONS, "sql/x.sql")) == []


@pytest.mark.parametrize(
    ("healthy", "planted", "complaint"),
    [
        ("-- What the file is for.\n-- Minimum version: 13\n\n", "", "sql/x.sql has no header"),
        ("-- Minimum version: 13\n", "", "sql/x.sql first names no minimum version"),
        ("select 1;", "select 1;\nselect 3;", "sql/x.sql first holds more than one statement"),
        ("select 1;", "select 1", "sql/x.sql first is a fragment with a semicolon, or a statement without one"),
        ("where true", "where true;", "sql/x.sql part is a fragment with a semicolon, or a statement without one"),
        ("select 1;", "-- nothing", "sql/x.sql first is empty"),
        ("-- name: second", "-- name: first", "sql/x.sql has two sections called first"),
        ("-- name: second", "--name: second", "sql/x.sql marks no section by '--name: second'"),
        ("-- name: second", "-- name: the second", "sql/x.sql marks no section by '-- name: the second'"),
        ("select 2", "SELECT 2", "sql/x.sql second shouts SELECT"),
        ("select 2", "select pg_backend_pid()", "sql/x.sql second does not qualify pg_backend_pid"),
    ],
)
def test_a_misshapen_section_is_seen(healthy, planted, complaint):
    found = statements.misshapen(_file(SECTIONS.replace(healthy, planted), "sql/x.sql"))

    assert any(line.startswith(complaint) for line in found)


@pytest.mark.parametrize(
    "quoted",
    [
        "'SELECT 1; from pg_class'",
        '"A;B SELECT"',
        "$$ begin; SELECT; end $$",
        "$body$ a; $$ b; $body$",
        "/* one; SELECT */ 1",
        "1 -- from pg_class; SELECT",
        "'it''s; fine'",
    ],
)
def test_what_is_quoted_or_a_comment_is_left_alone(quoted):
    assert statements.misshapen(_file(HEALTHY.replace("c.oid", quoted, 1) + ";", "sql/x.sql")) == []


def test_rows_in_no_order_are_seen():
    assert statements.unordered(_file(HEALTHY)) == []
    assert statements.unordered(_file(HEALTHY.replace("order by", "-- order by"))) == [
        "steward/database/session.py has no order"
    ]
    assert statements.unordered(_file(SECTIONS.replace("where true", "order by 2"), "sql/x.sql")) == [
        "sql/x.sql first has no order"
    ]


def test_a_name_that_no_file_has_is_seen():
    known = ("inventory/relations", "schema/01_roles/02_app")

    assert statements.unknown({"a/b/first", "a/b/third"}, ("a/b/first", "a/b/second")) == ["a/b/third"]
    assert statements.unknown({"inventory/relation", "inventory/relations", "a/b", "schema/01_roles"}, known) == [
        "inventory/relation"
    ]


def test_a_file_that_nobody_asks_for_is_seen():
    known = ("inventory/relations", "inventory/forgotten", "schema/01_roles/02_app")

    assert statements.unused({"inventory/relations"}, known, by_folder=("schema",)) == ["inventory/forgotten"]
    assert statements.unused({"a/b/first"}, ("a/b/first", "a/b/second"), by_folder=()) == ["a/b/second"]


def test_a_folder_without_a_readme_is_seen():
    files = [Path(name) for name in ("sql/README.md", "sql/a/README.md", "sql/a/b/x.sql", "steward/x.py")]

    assert repository.without_readme(files, "sql") == ["sql/a/b has no README.md"]
    assert repository.without_readme([*files, Path("sql/a/b/README.md")], "sql") == []


CHECKS = {"sql/checks": r"{stem}(?:_\w+)?\.sql", "docs/checks": r"{stem}\.md"}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["checks/test_a.py", "sql/checks/a_gaps.sql", "docs/checks/a.md"], []),
        (["checks/test_a.py", "docs/checks/a.md"], ["checks/test_a.py has nothing in sql/checks"]),
        (["checks/test_a.py", "sql/checks/a.sql"], ["checks/test_a.py has nothing in docs/checks"]),
        (["sql/checks/a.sql"], ["sql/checks/a.sql belongs to no item of checks"]),
        (
            ["checks/test_a.py", "sql/checks/a.sql", "docs/checks/a.md", "docs/checks/b.md"],
            ["docs/checks/b.md belongs to no item of checks"],
        ),
    ],
)
def test_a_missing_or_stray_part_of_an_item_is_seen(files, found):
    assert repository.stems("checks", CHECKS, [Path(name) for name in files]) == found


@pytest.mark.parametrize(
    "line",
    [
        "--index" + "-url somewhere",
        "find" + "-links = /opt",
        '  "resolved' + '": "here"',
        "see https://example.org/simple" + "/name",
        "https://example.org/name/" + "-/name.tgz",
        "cd /home/me/checkout && run",
    ],
)
def test_a_host_or_a_place_is_seen(line):
    assert len(repository.hosts(_file(line), ("/home/me/checkout",))) == 1


def test_an_ordinary_link_is_no_host():
    assert repository.hosts(_file("https://example.org/docs/simple.html"), ("/home/me/checkout",)) == []


def test_a_dead_link_is_seen(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "there.md").touch()
    text = "[a](there.md) [b](gone.md#part) [c](https://example.org) [d](#here)"

    assert repository.dead_links(_file(text, "docs/page.md"), tmp_path) == ["docs/page.md links to gone.md"]


def test_a_long_file_is_seen():
    assert repository.long_files(_file("a\n" * 3), 2) == ["steward/database/session.py has 3 lines"]
    assert repository.long_files(_file("a\n" * 2), 2) == []


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("word " * 21, True),
        ("| cell " * 15 + "|", True),
        ("w" * 101, False),
        ("- [text](" + "w" * 101 + ").", False),
        ("![picture of it](" + "w" * 101 + ")", False),
        ("see [text](" + "w" * 101 + ")", True),
        ("| `steward/run/` | " + "word " * 21 + "|", False),
    ],
)
def test_a_long_line_is_seen_unless_it_cannot_be_broken(line, seen):
    assert (repository.long_lines(_file(line, "docs/page.md"), 100) != []) is seen


def test_a_dead_anchor_is_seen(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "there.md").write_text("# A `name()` of it\n```\n# no heading\n```\n")
    text = "# Here\n[a](there.md#a-name-of-it) [b](there.md#no-heading) [c](#here) [d](gone.md#part)"
    (tmp_path / "docs" / "page.md").write_text(text)

    assert repository.dead_anchors(_file(text, "docs/page.md"), tmp_path) == [
        "docs/page.md links to there.md#no-heading",
        "docs/page.md links to gone.md#part",
    ]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("`checks/test_a.py` and `checks/test_a.py::test_fact`, in `checks/`", False),
        ("`checks/test_<check>.py`, `sql/…/name.sql`, `reports/runs/latest`, `select a/b`", False),
        ("`checks/test_b.py`", True),
        ("`checks/test_a.py::test_other`", True),
        ("`steward/gone`", True),
    ],
)
def test_a_path_that_does_not_exist_is_seen(tmp_path, text, seen):
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "test_a.py").write_text("def test_fact(check):\n")

    assert (repository.unknown_paths(_file(text, "docs/page.md"), tmp_path) != []) is seen


def test_a_name_that_is_not_in_its_file_is_seen(tmp_path):
    (tmp_path / "a.py").write_text("def one():\n    pass\n")
    text = "`one` in `a.py`, `two` in\n`a.py`, `three` in `gone.py`"

    assert repository.unknown_names(_file(text, "docs/page.md"), tmp_path) == ["docs/page.md places two in a.py"]


def test_an_item_that_its_page_does_not_explain_is_seen(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("- `test_one` (normal): it holds.\n")
    text = "def test_one(check):\n    pass\n\n\ndef test_two(check):\n    pass\n"

    assert repository.unexplained(_file(text, "checks/test_a.py"), "docs", tmp_path) == [
        "docs/a.md does not explain test_two"
    ]


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("see steward/" + "watch.py", True),
        ("import steward." + "procedures.vacuum", True),
        ("a Vig" + "il", True),
        ("steward/run/monitor.py", False),
        ("steward.run.supervisor, steward.scope", False),
        ("vigilant procedures of a crew", False),
    ],
)
def test_a_retired_name_is_seen(line, seen):
    assert (retired.mentions(_file(line, "docs/page.md")) != []) is seen


def test_a_class_with_a_retired_name_is_seen():
    assert retired.classes(_file("class " + "Way:\n    pass\n")) == ["steward/database/session.py:1 Way"]
    assert retired.classes(_file("class RefreshMode:\n    pass\n")) == []
