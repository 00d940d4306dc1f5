"""Which procedures there are: the one room that knows all of them."""

from __future__ import annotations

from typing import Any

from steward.action import Procedure
from steward.procedures.partitions import Partitions
from steward.procedures.vacuum import Vacuum
from steward.retention.purge import Purge

__all__ = ["PROCEDURES"]

PROCEDURES: dict[str, Procedure[Any, Any]] = {
    procedure.name: procedure for procedure in (Purge(), Partitions(), Vacuum())
}
