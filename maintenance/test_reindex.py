"""Give back the space that indexes waste: bloat costs cache and time on every scan, a leftover on every write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from steward.actions.index_bloat import Index
    from steward.actions.invalid_indexes import InvalidIndex
    from steward.engine.action import Action

pytestmark = [
    pytest.mark.daily,
    pytest.mark.weekly,
    pytest.mark.severity("normal"),
    pytest.mark.controls("capacity"),
]


@pytest.mark.phase("indexes", step=10)
@pytest.mark.needs("leftovers")
def test_leftovers(leftover: InvalidIndex, action: Action) -> None:
    """The index that an interrupted build has left is gone."""
    outcome = action.run("leftovers", leftover)

    assert not outcome.after.standing


@pytest.mark.phase("indexes", step=20)
@pytest.mark.needs("reindex")
def test_reindex(index: Index, action: Action) -> None:
    """The index is a new file, valid and defined as before; its waste is within the limit; nothing is left over."""
    outcome = action.run("reindex", index)

    assert outcome.after.valid
    assert outcome.after.file != outcome.before.file
    assert outcome.after.definition == outcome.before.definition
    assert outcome.after.bloat <= outcome.threshold, f"{outcome.after.size} bytes, predicted {outcome.before.needed}"
    assert outcome.after.leftovers == outcome.before.leftovers
