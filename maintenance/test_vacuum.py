"""Reclaim dead rows before they become bloat, and freeze old rows before the server has to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from steward.actions.vacuum import VacuumNeed
    from steward.engine.action import Action

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.phase("tables", step=20),
    pytest.mark.severity("normal"),
    pytest.mark.controls("capacity"),
]


@pytest.mark.needs("vacuum")
def test_vacuum(table: VacuumNeed, action: Action) -> None:
    """The server has recorded the vacuum, and dead rows and ages are within their limits."""
    outcome = action.run("vacuum", table)

    assert outcome.after.vacuums > outcome.before.vacuums, outcome.figures["warnings"]
    assert outcome.after.dead_rows <= outcome.threshold.dead_rows, outcome.after.horizon
    assert outcome.after.xid_age <= outcome.threshold.xid_age, outcome.after.horizon
    assert outcome.after.mxid_age <= outcome.threshold.mxid_age, outcome.after.horizon
