"""An invalid index helps no query, may have let duplicates in, and still costs time on every write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.actions.partitioning import expectations

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.phase("verify", step=40),
    pytest.mark.controls("capacity"),
]


@pytest.mark.severity("normal")
def test_invalid(check: Check) -> None:
    """Every index is valid, except those that are being built."""
    within, expected = expectations.query_parts(check), expectations.query_params(check)
    findings = check.run("index_health_invalid", within, **expected, left_over=False)

    assert not findings.offenders


@pytest.mark.severity("minor")
def test_leftovers(check: Check) -> None:
    """No interrupted build has left an index behind."""
    within, expected = expectations.query_parts(check), expectations.query_params(check)
    findings = check.run("index_health_invalid", within, **expected, left_over=True)

    assert not findings.offenders
