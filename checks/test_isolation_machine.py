"""Tenants share sessions: the state that one leaves behind must not show its rows to the next one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from steward import Inconclusive, NotNeeded
from steward.isolation.catalog import scope
from steward.isolation.clone import clone
from steward.isolation.walks import state_machine, walk_database

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.monthly,
    pytest.mark.isolation,
    pytest.mark.phase("verify", step=67),
    pytest.mark.controls("tenant isolation"),
]


@pytest.mark.severity("critical")
def test_interleaving(check: Check) -> None:
    """No order of sessions, transactions and tenants reaches a row of another tenant."""
    profile = check.settings.profile
    scope.parameters(check)
    if profile.isolation.writes == "never":
        raise NotNeeded("the profile lets nothing be written, not even in a copy (isolation.writes)")
    if check.at is None:
        raise Inconclusive("the check cannot connect, and so select nothing, as the application does")
    seed = state_machine.chosen_seed(os.environ)
    with clone.opened(check.at, profile) as made:
        result = state_machine.run_walks(walk_database.prepare(made, profile), profile.isolation.examples, seed)
    check.show(f"{result.render()}\n\nThe copy: {made.description}")
    findings = check.judge("isolation_machine_interleaving", state_machine.findings(result))

    assert not findings.offenders
