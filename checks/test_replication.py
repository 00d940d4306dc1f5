"""A forgotten slot fills the disk, a lost one needs a new standby, and WAL that is not archived cannot be restored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.phase("verify", step=60),
    pytest.mark.controls("redundancy"),
]


@pytest.mark.severity("normal")
def test_slots(check: Check) -> None:
    """No replication slot keeps more WAL than the profile allows, and each has a reader."""
    limits = check.settings.profile.replication.model_dump()
    findings = check.run("replication_slots", check.parts(slots="replication/slots"), **limits)

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_lost(check: Check) -> None:
    """No replication slot has lost what its reader needs."""
    findings = check.run("replication_lost", check.parts(slots="replication/slots"))

    assert not findings.offenders


@pytest.mark.severity("normal")
def test_standbys(check: Check) -> None:
    """No standby is further behind than the profile allows."""
    limits = check.settings.profile.replication.model_dump()
    findings = check.run("replication_standbys", check.parts(hidden_sessions="activity/hidden_sessions"), **limits)

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_synchronous(check: Check) -> None:
    """As many synchronous standbys are connected as commits wait for."""
    findings = check.run("replication_synchronous", check.parts(hidden_sessions="activity/hidden_sessions"))

    assert not findings.offenders


@pytest.mark.severity("critical")
@pytest.mark.controls("backup")
def test_archiver(check: Check) -> None:
    """WAL is archived, where archiving is on."""
    findings = check.run("replication_archiver")

    assert not findings.offenders
