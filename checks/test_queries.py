"""Slow statements and a cache that misses are felt by the application before anything fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.actions import workload

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.phase("verify", step=60),
    pytest.mark.severity("normal"),
    pytest.mark.controls("capacity"),
]


def test_cache(check: Check) -> None:
    """What is read is found in shared buffers as often as the profile wants."""
    profile = check.settings.profile.queries
    limits = {"cache_hit": profile.cache_hit, "minimum_reads": profile.minimum_reads}
    findings = check.run("queries_cache", workload.compared(check), **limits)

    assert not findings.offenders


def test_canary(check: Check) -> None:
    """The reads of the last run's canary were as quick as the profile wants, by measure."""
    profile = check.settings.profile.queries
    limit = profile.p95.total_seconds() * 1000
    findings = check.run("queries_canary", p95=limit, minimum_calls=profile.minimum_calls)

    assert not findings.offenders


def test_logged(check: Check) -> None:
    """The application's statements were as quick as the profile wants, by the durations that the server logs."""
    findings = check.run("queries_logged", **workload.logged(check))

    assert not findings.offenders


def test_p95(check: Check) -> None:
    """No statement of the application is slower than the profile wants, as far as can be estimated."""
    findings = check.run("queries_p95", **workload.slow(check))

    assert not findings.offenders
