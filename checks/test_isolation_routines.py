"""What runs as its owner reaches what its owner may, whoever calls it or sets it off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.isolation.catalog import rewrite_rules, security_definer, snapshot, triggers

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.isolation,
    pytest.mark.phase("verify", step=63),
    pytest.mark.controls("tenant isolation"),
]


@pytest.mark.severity("critical")
def test_definers(check: Check) -> None:
    """No function that runs as its owner reaches every tenant's rows for the application."""
    routines = snapshot.definer_routines(check)
    findings = security_definer.leaks(routines, snapshot.view_graph(check, routines))

    assert not check.judge("isolation_routines_definers", findings).offenders


@pytest.mark.severity("critical")
def test_search_paths(check: Check) -> None:
    """No function that runs as its owner can be made to use objects of somebody else."""
    writable = snapshot.writable_schemas(check)
    findings = security_definer.unsafe_search_paths(snapshot.definer_routines(check), writable)

    assert not check.judge("isolation_routines_search_paths", findings).offenders


@pytest.mark.severity("critical")
def test_triggers(check: Check) -> None:
    """No trigger does to every tenant's rows, as its function's owner, what the application's statement does not."""
    fired = snapshot.definer_triggers(check)
    findings = triggers.leaks(fired, snapshot.view_graph_if_any(check, fired))

    assert not check.judge("isolation_routines_triggers", findings).offenders


@pytest.mark.severity("critical")
def test_rules(check: Check) -> None:
    """No rule does to every tenant's rows what the application's statement does not."""
    rules = snapshot.rewrite_rules(check)
    findings = rewrite_rules.leaks(rules, snapshot.view_graph_if_any(check, rules))

    assert not check.judge("isolation_routines_rules", findings).offenders


@pytest.mark.severity("normal")
def test_leakproof(check: Check) -> None:
    """No function of the database's own is called with rows that policies have yet to hide."""
    roles = snapshot.roles(check)

    assert not check.run("isolation_routines_leakproof", roles.parts, **roles.parameters()).offenders
