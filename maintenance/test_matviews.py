"""Refresh materialized views before their readers decide by old figures, and never let one lose a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from steward.actions.matviews import StaleMatview
    from steward.engine.action import Action

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.phase("settle", step=10),
    pytest.mark.severity("normal"),
    pytest.mark.controls("materialized views"),
]


@pytest.mark.needs("matviews")
def test_matviews(view: StaleMatview, action: Action) -> None:
    """The view holds the present result of its query, has lost no tenant, and its refresh is on record."""
    outcome = action.run("matviews", view)

    assert outcome.after.populated
    assert outcome.after.last_refreshed != outcome.before.last_refreshed
    assert outcome.after.rows == outcome.figures["rows"]
