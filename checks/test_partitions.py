"""Every moment must have its partition, and no partition may be larger than one unit of work can be."""

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
    pytest.mark.phase("verify", step=30),
    pytest.mark.controls("partitions"),
]


@pytest.mark.severity("critical")
def test_gaps(check: Check) -> None:
    """Every family over time has partitions without a gap, as far ahead as the profile requires."""
    findings = check.run("partitions_gaps", expectations.query_parts(check), **expectations.query_params(check))

    assert not findings.offenders


@pytest.mark.severity("normal")
def test_default(check: Check) -> None:
    """Default partitions are empty."""
    findings = check.run("partitions_default", expectations.query_parts(check), **expectations.query_params(check))

    assert not findings.offenders


@pytest.mark.severity("normal")
def test_sizes(check: Check) -> None:
    """No partition is larger than the schedule allows."""
    limit = check.settings.figures.partition_size_limit
    findings = check.run(
        "partitions_sizes", expectations.query_parts(check), **expectations.query_params(check), size_limit=limit
    )

    assert not findings.offenders


@pytest.mark.severity("minor")
def test_leftovers(check: Check) -> None:
    """Every table that is named like a partition belongs to a family."""
    findings = check.run("partitions_leftovers", expectations.query_parts(check), **expectations.query_params(check))

    assert not findings.offenders


@pytest.mark.severity("minor")
def test_unmanaged(check: Check) -> None:
    """Every family by range gets its future partitions, or the profile excludes it."""
    findings = check.run("partitions_unmanaged", expectations.query_parts(check), **expectations.query_params(check))

    assert not findings.offenders
