"""Nobody sees that figures are old, or that a materialized view lost rows of tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.actions import matview_state

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.phase("verify", step=45),
    pytest.mark.controls("materialized views"),
]


@pytest.mark.severity("critical")
def test_critical(check: Check) -> None:
    """No materialized view that the profile calls critical is older than it may be."""
    params = matview_state.query_params(check)
    findings = check.run("matviews_stale", matview_state.query_parts(check), **params, critical=True)

    assert not findings.offenders


@pytest.mark.severity("normal")
def test_stale(check: Check) -> None:
    """No other materialized view is older than it may be."""
    params = matview_state.query_params(check)
    findings = check.run("matviews_stale", matview_state.query_parts(check), **params, critical=False)

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_unpopulated(check: Check) -> None:
    """Every materialized view can be read."""
    findings = check.run("matviews_unpopulated", matview_state.query_parts(check), **matview_state.query_params(check))

    assert not findings.offenders


@pytest.mark.severity("critical")
@pytest.mark.controls("row access")
def test_owners(check: Check) -> None:
    """A refresh of any materialized view reads every row: row-level security hides none from its owner."""
    findings = check.run("matviews_owners", matview_state.query_parts(check), **matview_state.query_params(check))

    assert not findings.offenders


@pytest.mark.severity("normal")
def test_keys(check: Check) -> None:
    """Every materialized view can be refreshed concurrently, or within the lock limit."""
    limit = check.settings.profile.locks.access_exclusive.total_seconds()
    params = matview_state.query_params(check)
    findings = check.run("matviews_keys", matview_state.query_parts(check), **params, limit=limit)

    assert not findings.offenders


@pytest.mark.severity("minor")
def test_records(check: Check) -> None:
    """Every record of a refresh belongs to a materialized view."""
    findings = check.run("matviews_records", matview_state.query_parts(check))

    assert not findings.offenders
