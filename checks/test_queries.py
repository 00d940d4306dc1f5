"""The application suffers from slow statements and cache misses before anything fails."""

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
    """Reads hit shared buffers as often as the profile requires."""
    profile = check.settings.profile.queries
    limits = {"cache_hit": profile.cache_hit, "minimum_reads": profile.minimum_reads}
    findings = check.run("queries_cache", workload.comparison_parts(check), **limits)

    assert not findings.offenders


def test_canary(check: Check) -> None:
    """The measured reads of the last run's canary were as fast as the profile requires."""
    profile = check.settings.profile.queries
    limit = profile.p95.total_seconds() * 1000
    findings = check.run("queries_canary", p95=limit, minimum_calls=profile.minimum_calls)

    assert not findings.offenders


def test_logged(check: Check) -> None:
    """The application's statements were as fast as the profile requires, by the durations in the server's log."""
    findings = check.run("queries_logged", **workload.logged_durations(check))

    assert not findings.offenders


def test_p95(check: Check) -> None:
    """No statement of the application is slower than the profile allows, by an estimate."""
    findings = check.run("queries_p95", **workload.slow_statements(check))

    assert not findings.offenders
