"""The house as it stands keeps its own rules."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from steward.actions.registry import OPERATIONS
from steward.database import queries
from steward.profile.sections import Action
from tests.house import code, repository, retired, statements
from tests.house.floors import FLOORS

RUNBOOKS = ("maintenance/*.py", "checks/*.py")
ROOM_LINES = 300
RUNBOOK_LINES = 100
FUNCTION_LINES = 40
PAGE_COLUMNS = 100
PAGES = ("README.md", "docs/*.md", "sql/*.md", "deploy/*.md")


def test_rooms_import_only_what_stands_below_them():
    assert code.upward(repository.read("steward/*.py"), FLOORS) == []


def test_the_analysis_of_expressions_stands_alone():
    files = repository.read("steward/isolation/analysis/*.py")

    assert len(files) > 1
    assert code.outside(files, "steward.isolation.analysis") == []
    assert code.banned(files, "psycopg") == []


def test_every_room_of_the_floors_exists():
    rooms = {code.module_of(path) for path in repository.tracked("steward/*.py")}

    assert [
        f"{package}.{room}" for package, own in FLOORS.items() for room in own if f"{package}.{room}" not in rooms
    ] == []


def test_the_top_of_the_house_is_bare():
    top = {path.name for path in repository.tracked("steward/*.py") if len(path.parts) == 2}

    assert {"__init__.py", "__main__.py", "plugin.py"} == top


def test_a_package_offers_what_rooms_above_it_use():
    rooms = repository.read("steward/*.py")
    users = {**rooms, **repository.read(*RUNBOOKS, "bench/*.py")}

    assert code.not_offered(users, FLOORS, code.offered(rooms)) == []


def test_a_package_offers_nothing_that_nobody_uses():
    rooms = repository.read("steward/*.py")
    users = [*rooms.values(), *repository.read("checks/*.py", "bench/*.py", "tests/*.py").values()]

    assert code.unused_offers(users, code.offered(rooms)) == []


def test_runbooks_know_neither_each_other_nor_the_drivers():
    unknown_to_them = ("psycopg", "allure", "allure_commons", "reports", "maintenance", "checks", "tests")

    assert code.banned(repository.read(*RUNBOOKS), *unknown_to_them) == []


def test_reports_know_only_the_run_directory():
    assert code.banned(repository.read("reports/*.py"), "steward", "psycopg", "maintenance", "checks", "tests") == []


def test_nox_needs_no_project_code():
    assert code.banned(repository.read("noxfile.py"), "steward", "reports", "maintenance", "checks", "tests") == []


def test_only_one_room_connects():
    files = repository.read("steward/*.py", "reports/*.py", *RUNBOOKS)

    assert {line.split(":")[0] for line in code.connecting(files)} == {"steward/database/session.py"}


def test_only_one_room_knows_allure():
    files = repository.read("steward/*.py", "reports/*.py", *RUNBOOKS)

    knowing = {path.split(":")[0] for path in code.banned(files, "allure_commons", "allure_pytest", "allure")}

    assert {path.rpartition("/")[0] for path in knowing} == {"steward/record/allure"}


def test_names_say_what_a_thing_is():
    # Rows that a legal hold keeps: the word is also the key in the record.
    kept = [
        path for path in repository.tracked("steward/retention/*.py") if path.name in {"batches.py", "candidates.py"}
    ]
    files = {path: text for path, text in repository.read("*.py").items() if path not in kept}

    assert code.named(files, "told", "said", "held", "looked", "each") == []


def test_tests_mock_nothing():
    assert code.banned(repository.read("tests/*.py"), "unittest", "mock", "pytest_mock") == []


def test_statements_are_files_and_never_written_in_python():
    assert code.assembled_sql(repository.read("steward/*.py", "reports/*.py", "noxfile.py", *RUNBOOKS)) == []


def test_modules_say_what_is_public():
    files = repository.read("steward/*.py", "reports/*.py")
    # pytest finds the plugin's hooks by their names, and nothing imports a __main__.
    libraries = {path: text for path, text in files.items() if path.name not in {"plugin.py", "__main__.py"}}

    assert code.without_all(libraries) == []


def test_rooms_runbooks_and_functions_can_be_read_at_a_sitting():
    rooms = repository.read("steward/*.py", "reports/*.py")

    assert repository.long_files(rooms, ROOM_LINES) == []
    assert repository.long_files(repository.read(*RUNBOOKS), RUNBOOK_LINES) == []
    assert code.long_functions(rooms, FUNCTION_LINES) == []


def test_statement_files_are_all_of_one_kind():
    assert statements.misshapen(repository.read("sql/*.sql")) == []


def test_rows_of_checks_and_of_the_inventory_come_in_an_order():
    assert statements.unordered(repository.read("sql/checks/*.sql", "sql/progress/*.sql")) == []


def _asked():
    by_checks = code.first_arguments(repository.read("checks/*.py"), "run")
    return code.strings(repository.read("steward/*.py", "checks/*.py")) | {f"checks/{name}" for name in by_checks}


def test_every_folder_of_statements_says_what_it_is():
    assert repository.without_readme(repository.tracked("sql"), "sql") == []


def test_every_statement_that_is_asked_for_exists():
    assert statements.unknown(_asked(), queries.names()) == []


def test_every_statement_is_asked_for():
    whole_folders = code.first_arguments(repository.read("steward/*.py"), "names")

    assert statements.unused(_asked(), queries.names(), by_folder=whole_folders) == []


@pytest.mark.parametrize(
    ("kind", "folders"),
    [
        ("maintenance", {"docs/actions": r"{stem}\.md", "tests/maintenance": r"test_{stem}\.py"}),
        (
            "checks",
            {
                "sql/checks": r"{stem}(?:_\w+)?(?:\.pg\d+)?\.sql",
                "docs/checks": r"{stem}\.md",
                "tests/checks": r"test_{stem}\.py",
            },
        ),
    ],
)
def test_an_item_has_all_its_parts_and_no_part_lacks_its_item(kind, folders):
    found = repository.stems(kind, folders, repository.tracked())
    # What a check computes itself is judged, and has no query.
    computed = [path for path, text in repository.read("checks/*.py").items() if "check.judge(" in text]
    excused = {f"{path} has nothing in sql/checks" for path in computed}

    assert [complaint for complaint in found if complaint not in excused] == []


def test_no_file_names_a_package_index_or_a_place_on_one_machine():
    assert repository.hosts(repository.read(), (str(repository.ROOT),)) == []


def test_links_lead_somewhere():
    assert repository.dead_links(repository.read("*.md")) == []
    assert repository.dead_anchors(repository.read("*.md")) == []


def test_pages_name_files_tests_and_code_that_exist():
    assert repository.unknown_paths(repository.read(*PAGES)) == []
    assert repository.unknown_names(repository.read(*PAGES)) == []


def test_pages_can_be_read_in_a_terminal():
    assert repository.long_lines(repository.read(*PAGES, "CHANGELOG.md"), PAGE_COLUMNS) == []


def test_every_item_is_explained_on_its_page():
    assert repository.unexplained(repository.read("maintenance/test_*.py"), "docs/actions") == []
    assert repository.unexplained(repository.read("checks/test_*.py"), "docs/checks") == []


def test_retired_names_are_found_nowhere():
    files = repository.read()
    # The list itself has them, and the changelog tells their history.
    elsewhere = {path: text for path, text in files.items() if path.name not in {"retired.py", "CHANGELOG.md"}}

    assert retired.mentions(elsewhere) == []
    assert retired.classes(repository.read("*.py")) == []


def test_retired_modules_are_gone():
    assert [name for name in retired.retired_modules() if (repository.ROOT / "steward" / f"{name}.py").exists()] == []


def test_every_action_may_have_a_statement_timeout_of_its_own():
    assert sorted(set(OPERATIONS) - set(get_args(Action))) == []


def test_the_picture_of_the_house_fits_on_a_page_and_shows_every_package_in_order():
    [picture] = repository.read("docs/ARCHITECTURE.md").values()
    shown = re.findall(r"^\| `steward/([a-z_/]+)/` \| (.*?) \|$", picture, re.MULTILINE)
    sentences = {
        code.module_of(path).removesuffix(".__init__"): code.summary(text)
        for path, text in repository.read("steward/*/__init__.py").items()
    }
    from_the_top = [name for name in reversed(FLOORS) if name != "steward"]

    assert len(picture.splitlines()) < 80
    assert [(name.removeprefix("steward.").replace(".", "/"), sentences[name]) for name in from_the_top] == shown
