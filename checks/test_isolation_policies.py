"""One policy that is too wide undoes all others: permissive ones are joined with OR, only restrictive ones narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.isolation.catalog import policy_findings, scope, snapshot

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
def test_enabled(check: Check) -> None:
    """Row-level security is enabled on every tenant table that others than its owner have rights on."""
    findings = check.run(
        "isolation_policies_enabled", snapshot.policy_parts(check), **snapshot.policy_parameters(check)
    )

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_idle(check: Check) -> None:
    """No tenant table has policies that nothing enforces."""
    findings = check.run("isolation_policies_idle", scope.parts(check), **scope.parameters(check))

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_open(check: Check) -> None:
    """No policy lets a role of the application through to rows of another tenant."""
    findings = policy_findings.findings("open", *snapshot.application_policies(check))

    assert not check.judge("isolation_policies_open", findings).offenders


@pytest.mark.severity("critical")
def test_unset(check: Check) -> None:
    """No policy lets rows through while no tenant is set, never yet or after a reset, rows of '' included."""
    findings = policy_findings.findings("unset", *snapshot.application_policies(check))

    assert not check.judge("isolation_policies_unset", findings).offenders


@pytest.mark.severity("critical")
def test_checks(check: Check) -> None:
    """No policy lets a role of the application write rows for another tenant."""
    findings = policy_findings.findings("checks", *snapshot.application_policies(check))

    assert not check.judge("isolation_policies_checks", findings).offenders


@pytest.mark.severity("normal")
def test_nulls(check: Check) -> None:
    """No policy lets rows without a tenant through where the tenant column may be NULL."""
    findings = policy_findings.findings("nulls", *snapshot.application_policies(check))

    assert not check.judge("isolation_policies_nulls", findings).offenders


@pytest.mark.severity("normal")
def test_unproven(check: Check) -> None:
    """Every policy can be judged by the catalog alone."""
    findings = policy_findings.findings("unproven", *snapshot.application_policies(check))

    assert not check.judge("isolation_policies_unproven", findings).offenders


@pytest.mark.severity("minor")
def test_denied(check: Check) -> None:
    """Every right of an application role is allowed by some policy; tables without any policy are noted."""
    snapshot.note_denied(check)
    parts, parameters = snapshot.policy_parts(check), snapshot.policy_parameters(check)
    findings = check.run("isolation_policies_denied", parts, **parameters)

    assert not findings.offenders
