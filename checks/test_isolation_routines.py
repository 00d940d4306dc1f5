"""A routine that runs as its owner reaches what its owner may, whoever calls it or fires it."""

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
    """No function that runs as its owner can be made to use another role's objects."""
    writable = snapshot.writable_schemas(check)
    findings = security_definer.unsafe_search_paths(snapshot.definer_routines(check), writable)

    assert not check.judge("isolation_routines_search_paths", findings).offenders


@pytest.mark.severity("critical")
def test_triggers(check: Check) -> None:
    """No trigger reaches rows of other tenants as the owner of its function."""
    fired = snapshot.definer_triggers(check)
    findings = triggers.leaks(fired, snapshot.view_graph_if_any(check, fired))

    assert not check.judge("isolation_routines_triggers", findings).offenders


@pytest.mark.severity("critical")
def test_rules(check: Check) -> None:
    """No rule reaches rows of other tenants."""
    rules = snapshot.rewrite_rules(check)
    findings = rewrite_rules.leaks(rules, snapshot.view_graph_if_any(check, rules))

    assert not check.judge("isolation_routines_rules", findings).offenders


@pytest.mark.severity("normal")
def test_leakproof(check: Check) -> None:
    """No function of the database is called with rows before policies hide them."""
    roles = snapshot.roles(check)

    assert not check.run("isolation_routines_leakproof", roles.parts, **roles.parameters()).offenders
