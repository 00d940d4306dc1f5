"""Every policy relies on the tenant column: a fault of the column is a fault of all policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.isolation.catalog import child_tables, column_defaults, scope, snapshot

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.isolation,
    pytest.mark.phase("verify", step=65),
    pytest.mark.controls("tenant isolation"),
]


@pytest.mark.severity("critical")
def test_nullable(check: Check) -> None:
    """Every row has a tenant."""
    findings = check.run("isolation_columns_nullable", scope.parts(check), **scope.parameters(check))

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_missing(check: Check) -> None:
    """Rows that belong to rows of tenants have a tenant of their own, or a policy that checks their parent."""
    tenancy = check.settings.profile.tenancy
    children = child_tables.unguarded(snapshot.children(check), tenancy.column, tenancy.setting)

    assert not check.judge("isolation_columns_missing", children).offenders


@pytest.mark.severity("critical")
def test_defaults(check: Check) -> None:
    """No default gives a row to one and the same tenant."""
    defaults = column_defaults.literal_defaults(snapshot.column_defaults(check))

    assert not check.judge("isolation_columns_defaults", defaults).offenders


@pytest.mark.severity("normal")
def test_updatable(check: Check) -> None:
    """No role of the application may write another tenant into an existing row."""
    findings = check.run("isolation_columns_updatable", scope.parts(check), **scope.parameters(check))

    assert not findings.offenders


@pytest.mark.severity("minor")
def test_types(check: Check) -> None:
    """The tenant column has one type in all tables."""
    findings = check.run("isolation_columns_types", scope.parts(check), **scope.parameters(check))

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_equality(check: Check) -> None:
    """The tenant column compares no two different tenants as equal."""
    findings = check.run("isolation_columns_equality", scope.parts(check), **scope.parameters(check))

    assert not findings.offenders


@pytest.mark.severity("normal")
def test_statistics(check: Check) -> None:
    """No role of the application reads values of all tenants from the statistics."""
    findings = check.run("isolation_columns_statistics", scope.parts(check), **scope.parameters(check))

    assert not findings.offenders


@pytest.mark.severity("trivial")
def test_disclosed(check: Check) -> None:
    """Counts of all tenants' rows that can be read are noted, and are no finding."""
    findings = check.run("isolation_columns_disclosed", scope.parts(check), **scope.parameters(check))

    assert not findings.offenders
