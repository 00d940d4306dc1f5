"""All check queries answer in the same six columns of text, so that one report reads them all."""

from __future__ import annotations

import contextlib
import importlib
import inspect

import psycopg
import pytest

from steward import OutcomeException
from steward.database import inventory, queries, session
from steward.engine.check import Check
from tests.house import repository

COLUMNS = ("object_type", "object_name", "observed", "expected", "detail", "remediation")
TEXT = 25  # pg_catalog.text


class _Recorder(psycopg.Cursor):
    """A cursor that keeps the columns of each result, also of an empty one."""

    kept: list

    def execute(self, *args, **more):
        super().execute(*args, **more)
        self.kept.append([(column.name, column.type_code) for column in self.description or ()])
        return self


@pytest.fixture
def answers(demo_database, settings):
    """The columns of every query that the checks run, by the query's name."""
    with session.observer(demo_database.target(), settings.profile) as conn:
        scan = inventory.scan(conn, settings.profile)
        conn.cursor_factory = type("Recorder", (_Recorder,), {"kept": []})
        found = {}
        for path in repository.tracked("checks/test_*.py"):
            module = importlib.import_module(f"checks.{path.stem}")
            for name, item in inspect.getmembers(module, inspect.isfunction):
                if name.startswith("test_"):
                    found |= _columns(item, Check(settings, lambda: conn, scan), conn.cursor_factory.kept)
        return found


def _columns(item, check, results):
    """Run one item; what it finds does not matter, only in which columns it was told."""
    with contextlib.suppress(AssertionError, OutcomeException):
        item(check)
    headers = [statement["text"].splitlines()[0] for statement in check.statements]
    # What else an item did is told as well, and answers in columns of its own.
    asked = [header for header in headers if header.startswith("-- sql/checks/")]
    names = [header.removeprefix("-- sql/").removesuffix(".sql") for header in asked]
    answered = [columns for columns in results if set(dict(columns)) & set(COLUMNS)]
    results.clear()
    return dict(zip(names, answered, strict=True))


def test_every_check_query_runs_and_answers_in_the_same_columns(answers):
    expected = [(name, TEXT) for name in COLUMNS]

    assert sorted(answers) == list(queries.names("checks"))
    assert {name: columns for name, columns in answers.items() if columns != expected} == {}
