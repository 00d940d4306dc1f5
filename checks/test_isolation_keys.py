"""Keys are checked without row-level security: a refusal discloses rows of others, and a cascade changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.isolation.catalog import keys, scope

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.isolation,
    pytest.mark.phase("verify", step=64),
    pytest.mark.controls("tenant isolation"),
]


@pytest.mark.severity("normal")
def test_unique(check: Check) -> None:
    """No unique key that a tenant writes is unique over all tenants: a refusal would disclose what others have."""
    findings = check.run("isolation_keys_unique", keys.parts(check), **scope.parameters(check))

    assert not findings.offenders


@pytest.mark.severity("trivial")
def test_random(check: Check) -> None:
    """Every other unique key contains the tenant column; keys of random ids are noted, and are no finding."""
    findings = check.run("isolation_keys_random", keys.parts(check), **scope.parameters(check))

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_references(check: Check) -> None:
    """No row can refer to a row of another tenant."""
    findings = check.run("isolation_keys_references", keys.parts(check), **scope.parameters(check))

    assert not findings.offenders


@pytest.mark.severity("critical")
def test_cascades(check: Check) -> None:
    """No change of a parent row that a tenant may make reaches children of another tenant."""
    findings = check.run("isolation_keys_cascades", keys.parts(check), **scope.parameters(check))

    assert not findings.offenders
