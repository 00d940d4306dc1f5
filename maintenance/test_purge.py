"""Delete or change the rows that the retention rules have expired, and no others, before they are a liability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from steward.engine.action import Action
    from steward.retention.candidates import ExpiredRows

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.phase("purge", step=10),
    pytest.mark.severity("critical"),
    pytest.mark.controls("purge"),
]


@pytest.mark.needs("purge")
def test_purge(expired: ExpiredRows, action: Action) -> None:
    """No row that the rule has expired is left in the leaf, except those that a legal hold keeps."""
    outcome = action.run("purge", expired)

    assert outcome.after.due == outcome.threshold
