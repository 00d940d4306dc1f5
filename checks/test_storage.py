"""Space that is not reclaimed, growth that nobody planned for, and sequences that run out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.actions import workload
from steward.database import inventory

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.phase("verify", step=50),
    pytest.mark.controls("capacity"),
]


@pytest.mark.severity("normal")
def test_dead_rows(check: Check) -> None:
    """No table keeps more dead rows than maintenance leaves."""
    profile = check.settings.profile
    limits = profile.vacuum.model_dump(include={"dead_ratio", "minimum_dead_rows"})
    parts = check.parts(ours="inventory/included", holders="activity/horizon_holders")
    findings = check.run("storage_dead_rows", parts, **limits, **inventory.scope(profile))

    assert not findings.offenders


@pytest.mark.severity("normal")
def test_sequences(check: Check) -> None:
    """No sequence has used more of its values than the profile allows; those at their end have an item of their own."""
    profile = check.settings.profile
    shares = {"used": profile.storage.sequence_used, "below": profile.storage.sequence_end}
    findings = check.run(
        "storage_sequences", check.parts(ours="inventory/included"), **shares, **inventory.scope(profile)
    )

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_sequence_ends(check: Check) -> None:
    """No sequence is at its end, where inserts fail."""
    profile = check.settings.profile
    shares = {"used": profile.storage.sequence_end, "below": float("inf")}
    findings = check.run(
        "storage_sequences", check.parts(ours="inventory/included"), **shares, **inventory.scope(profile)
    )

    assert not findings.offenders


@pytest.mark.severity("normal")
def test_growth(check: Check) -> None:
    """No table grows faster than planned, or is about to reach its threshold."""
    findings = check.run("storage_growth")

    assert not findings.offenders


@pytest.mark.severity("normal")
def test_temp_files(check: Check) -> None:
    """Statements wrote no more to temporary files than the profile allows, since the last snapshot before this run."""
    limit = check.settings.profile.storage.temp_bytes
    findings = check.run("storage_temp_files", workload.comparison_parts(check), temp_bytes=limit)

    assert not findings.offenders


@pytest.mark.severity("normal")
def test_deadlocks(check: Check) -> None:
    """There were no more deadlocks than the profile allows, since the last snapshot before this run."""
    limit = check.settings.profile.storage.deadlocks
    findings = check.run("storage_deadlocks", workload.comparison_parts(check), deadlocks=limit)

    assert not findings.offenders
