"""Remember sizes, counters and statements: the server keeps no history, and a crash resets its counters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from steward.actions.workload import StatementStatistics
    from steward.engine.action import Action

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.phase("prepare", step=10),
    pytest.mark.severity("normal"),
    pytest.mark.controls("capacity"),
]


@pytest.mark.needs("snapshots")
def test_snapshots(source: StatementStatistics, action: Action) -> None:
    """There is a new snapshot, and it holds sizes and counters."""
    outcome = action.run("snapshots", source)

    assert outcome.after.taken_at != outcome.before.taken_at
    assert outcome.after.sizes > 0
    assert outcome.after.tables > 0
