"""A run that never starts reports nothing: the log must show that every schedule runs, ends, and ends in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.record import ledger

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.phase("verify", step=90),
    pytest.mark.controls("logging"),
]


@pytest.mark.severity("critical")
def test_missed(check: Check) -> None:
    """The last complete run of every schedule that has begun is recent enough."""
    findings = check.run("history_missed", schedules=ledger.expectations(check.settings.profile))

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_open(check: Check) -> None:
    """Every run that died or failed was followed by a good one."""
    findings = check.run("history_open", schedules=ledger.expectations(check.settings.profile))

    assert not findings.offenders


@pytest.mark.severity("normal")
def test_duration(check: Check) -> None:
    """The last run of every schedule ended within its time limit."""
    findings = check.run("history_duration", schedules=ledger.expectations(check.settings.profile))

    assert not findings.offenders
