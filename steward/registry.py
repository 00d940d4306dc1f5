"""Which procedures there are: the one room that knows all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steward.procedures.analyze import Analyze
from steward.procedures.leftovers import Leftovers
from steward.procedures.matviews import Matviews
from steward.procedures.partitions import Partitions
from steward.procedures.reindex import Reindex
from steward.procedures.snapshots import Snapshots
from steward.procedures.vacuum import Vacuum
from steward.retention.purge import Purge

if TYPE_CHECKING:
    from steward.action import Procedure

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
