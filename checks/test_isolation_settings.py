"""Policies rely on one setting: it needs one name, no default, no cached value, and must be harmless when empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.isolation.catalog import scope, settings, snapshot

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.isolation,
    pytest.mark.phase("verify", step=60),
    pytest.mark.controls("tenant isolation"),
]


@pytest.mark.severity("critical")
def test_names(check: Check) -> None:
    """Policies and the functions around them read the same setting."""
    findings = settings.other_names(snapshot.policies(check))

    assert not check.judge("isolation_settings_names", findings).offenders


@pytest.mark.severity("critical")
def test_defaults(check: Check) -> None:
    """A new session has no tenant."""
    findings = check.run("isolation_settings_defaults", None, **scope.setting_parameters(check))

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_volatility(check: Check) -> None:
    """No function that reads a setting is declared immutable."""
    findings = settings.immutable_readers(snapshot.policies(check))

    assert not check.judge("isolation_settings_volatility", findings).offenders


@pytest.mark.severity("normal")
def test_casts(check: Check) -> None:
    """No policy fails when the setting is empty, as it is after the first transaction of a pooled session."""
    findings = settings.failing_casts(snapshot.policies(check))

    assert not check.judge("isolation_settings_casts", findings).offenders
