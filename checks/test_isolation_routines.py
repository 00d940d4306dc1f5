"""What runs as its owner reaches what its owner may, whoever calls it or sets it off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.isolation.catalog import rewrite_rules, role_graph, security_definer, triggers

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.isolation,
    pytest.mark.phase("verify", step=63),
    pytest.mark.controls("LGPD-6-VII", "LGPD-46", "ISO-27001-A.5.15", "ISO-27001-A.8.3", "SOC2-CC6.1", "CIS-4"),
]


@pytest.mark.severity("critical")
def test_definers(check: Check) -> None:
    """No function that runs as its owner reaches every tenant's rows for the application."""
    assert not check.judge("isolation_routines_definers", security_definer.leaks(check)).offenders


@pytest.mark.severity("critical")
def test_search_paths(check: Check) -> None:
    """No function that runs as its owner can be made to use objects of somebody else."""
    assert not check.judge("isolation_routines_search_paths", security_definer.paths(check)).offenders


@pytest.mark.severity("critical")
def test_triggers(check: Check) -> None:
    """No trigger does to every tenant's rows, as its function's owner, what the application's statement does not."""
    assert not check.judge("isolation_routines_triggers", triggers.leaks(check)).offenders


@pytest.mark.severity("critical")
def test_rules(check: Check) -> None:
    """No rule does to every tenant's rows what the application's statement does not."""
    assert not check.judge("isolation_routines_rules", rewrite_rules.leaks(check)).offenders


@pytest.mark.severity("normal")
def test_leakproof(check: Check) -> None:
    """No function of the database's own is called with rows that policies have yet to hide."""
    assert not check.run(
        "isolation_routines_leakproof", role_graph.within(check), **role_graph.expected(check)
    ).offenders
