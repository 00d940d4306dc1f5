"""The suite's own tests: fixtures by topic, each in a file of ``tests/fixtures/``."""

from __future__ import annotations

import hypothesis

# How long an example takes says how busy the machine is, and nothing of the code.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")

pytest_plugins = (
    "tests.fixtures.running",
    "tests.fixtures.browser",
    "tests.fixtures.database",
    "tests.fixtures.disk",
    "tests.fixtures.docker",
    "tests.fixtures.engine",
    "tests.fixtures.hostile",
    "tests.fixtures.house",
    "tests.fixtures.market",
    "tests.fixtures.pooler",
    "tests.fixtures.retention",
    "tests.fixtures.runs",
    "tests.fixtures.snapshots",
    "tests.fixtures.standby",
    "tests.fixtures.suite",
    "tests.fixtures.shared",
)
