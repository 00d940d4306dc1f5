"""Keep the planner's statistics fresh, also of partitioned tables, which the server never analyzes by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from steward.actions.analyze import StaleStatistics
    from steward.engine.action import Action

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.phase("tables", step=30),
    pytest.mark.severity("normal"),
    pytest.mark.controls("capacity"),
]


@pytest.mark.needs("analyze")
def test_analyze(table: StaleStatistics, action: Action) -> None:
    """The server has recorded the analyze."""
    outcome = action.run("analyze", table)

    assert outcome.after.analyses > outcome.before.analyses, outcome.figures["refused"]
