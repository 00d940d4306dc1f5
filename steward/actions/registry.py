"""Which procedures there are: the one room that knows all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steward.actions.analyze import Analyze
from steward.actions.invalid_indexes import Leftovers
from steward.actions.matviews import Matviews
from steward.actions.partitioning.create import Partitions
from steward.actions.reindex import Reindex
from steward.actions.snapshots import Snapshots
from steward.actions.vacuum import Vacuum
from steward.retention.purge import Purge

if TYPE_CHECKING:
    from steward.engine.action import Procedure

__all__ = ["PROCEDURES"]

PROCEDURES: dict[str, Procedure[Any, Any]] = {
    procedure.name: procedure
    for procedure in (
        Purge(),
        Partitions(),
        Vacuum(),
        Analyze(),
        Leftovers(),
        Reindex(),
        Matviews(),
        Snapshots(),
    )
}
