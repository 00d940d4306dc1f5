"""A database that runs out of transaction ids refuses writes: old rows must be frozen long before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.database import inventory

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.phase("verify", step=10),
    pytest.mark.controls("wraparound"),
]


@pytest.mark.severity("normal")
def test_warn(check: Check) -> None:
    """No table and no database of the server is older than regular vacuums allow."""
    _ages(check, "warn")


@pytest.mark.severity("critical")
def test_fail(check: Check) -> None:
    """No table and no database of the server is halfway to the end of its transaction or multixact ids."""
    _ages(check, "fail")


@pytest.mark.severity("blocker")
def test_emergency(check: Check) -> None:
    """No table and no database of the server is so old that VACUUM's failsafe would start."""
    _ages(check, "emergency")


def _ages(check: Check, level: str) -> None:
    profile = check.settings.profile
    limits = profile.wraparound.model_dump(include={"warn", "fail", "emergency"})
    parts = check.parts(ours="inventory/included", holders="activity/horizon_holders")
    findings = check.run("wraparound_ages", parts, level=level, **limits, **inventory.scope(profile))

    assert not findings.offenders
