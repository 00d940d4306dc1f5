"""A policy that looks right proves nothing: only attempts in each state of the setting show what a role reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.isolation.catalog import scope
from steward.isolation.probe import findings

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.monthly,
    pytest.mark.isolation,
    pytest.mark.phase("verify", step=66),
    pytest.mark.controls("tenant isolation"),
]


@pytest.mark.weekly
@pytest.mark.severity("critical")
def test_reads(check: Check) -> None:
    """No role of the application sees a row of another tenant, whatever the state of the setting."""
    check.run("isolation_probe_roles", roles=scope.parameters(check)["roles"])

    assert not findings.reads(check)


@pytest.mark.severity("critical")
def test_writes(check: Check) -> None:
    """No role of the application writes or deletes a row of another tenant, whatever the state of the setting."""
    check.run("isolation_probe_roles", roles=scope.parameters(check)["roles"])

    assert not findings.writes(check)
