"""Rows that outlive their retention rule are a liability, and so are rows that no rule will ever remove."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.retention import coverage

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.phase("verify", step=20),
    pytest.mark.controls("retention"),
]


@pytest.mark.severity("critical")
def test_overdue(check: Check) -> None:
    """No row has outlived its retention rule by more than the age that the rule's schedule allows."""
    findings = check.run("retention_overdue", **coverage.overdue(check))

    assert not findings.offenders


@pytest.mark.severity("normal")
def test_unreachable(check: Check) -> None:
    """A rule covers every row whose time has run out or never begins."""
    findings = check.run("retention_unreachable", **coverage.unreachable(check))

    assert not findings.offenders
