"""The suite's own tests: fixtures by topic, each in a file of ``tests/fixtures/``."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import hypothesis

if TYPE_CHECKING:
    import pytest

_DAY, _BEFORE_MIDNIGHT = 86_400, 15  # seconds

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


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let no test begin right before midnight where ``tests.dates`` sets the clock: its dates are of one day."""
    left = _DAY - time.time() % _DAY
    if "FAKETIME" in os.environ and left < _BEFORE_MIDNIGHT:
        time.sleep(left)
