"""Create the coming partitions before rows need them: the server refuses a row that has no partition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from steward.actions.partitioning.statements import MissingPeriod
    from steward.engine.action import Action

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.phase("prepare", step=20),
    pytest.mark.severity("critical"),
    pytest.mark.controls("partitions"),
]


@pytest.mark.needs("partitions")
def test_partitions(period: MissingPeriod, action: Action) -> None:
    """The period has its partition, with exact bounds, the parent's owner, row security and indexes, and no grants."""
    outcome = action.run("partitions", period)

    assert outcome.after == outcome.threshold
