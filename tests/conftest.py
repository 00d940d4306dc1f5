"""The suite's own tests: fixtures by topic, each in a file of ``tests/fixtures/``."""

from __future__ import annotations

pytest_plugins = (
    "tests.fixtures.running",
    "tests.fixtures.browser",
    "tests.fixtures.database",
    "tests.fixtures.disk",
    "tests.fixtures.docker",
    "tests.fixtures.engine",
    "tests.fixtures.hostile",
    "tests.fixtures.house",
    "tests.fixtures.retention",
    "tests.fixtures.runs",
    "tests.fixtures.suite",
)
