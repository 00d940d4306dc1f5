"""The registry of maintenance operations: the only module that knows all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steward.actions.analyze import Analyze
from steward.actions.invalid_indexes import DropInvalidIndexes
from steward.actions.matviews import RefreshMatviews
from steward.actions.partitioning.create import CreatePartitions
from steward.actions.reindex import Reindex
from steward.actions.snapshots import TakeSnapshot
from steward.actions.vacuum import Vacuum
from steward.retention.purge import Purge

if TYPE_CHECKING:
    from steward.engine.operation import MaintenanceOperation

__all__ = ["OPERATIONS"]

OPERATIONS: dict[str, type[MaintenanceOperation[Any, Any]]] = {
    operation.name: operation
    for operation in (
        Purge,
        CreatePartitions,
        Vacuum,
        Analyze,
        DropInvalidIndexes,
        Reindex,
        RefreshMatviews,
        TakeSnapshot,
    )
}
