"""The xdist scheduler of a phase: one worker a lane, the costliest lane first. It relies on xdist's private API.

`xdist.scheduler.LoadScopeScheduling` (3.8) groups items by ``_split_scope`` and hands a group to a worker
in ``_assign_work_unit``. It gives a worker with few items left a whole next group, which then waits behind a long one;
here an idle worker gets the costliest lane and a busy one the cheapest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest
    from xdist.remote import Producer
    from xdist.workermanage import WorkerController

    from steward.record.plan import PlannedItem

__all__ = ["LaneScheduling"]


class LaneScheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Schedules whole lanes; a lane costs as much as its items together."""

    def __init__(self, config: pytest.Config, log: Producer | None, items: Iterable[PlannedItem]) -> None:
        super().__init__(config, log)
        self._lanes: dict[str, str] = {}
        self._costs: dict[str, float] = {}
        for item in items:
            self._lanes[item.id] = item.lane
            self._costs[item.lane] = self._costs.get(item.lane, 0.0) + item.cost

    def _split_scope(self, nodeid: str) -> str:
        return self._lanes.get(nodeid, nodeid)

    def _cost(self, lane: str) -> tuple[float, str]:
        return self._costs.get(lane, 0.0), lane

    def _assign_work_unit(self, node: WorkerController) -> None:
        idle = self._pending_of(self.assigned_work[node]) == 0
        choose = max if idle else min
        self.workqueue.move_to_end(choose(self.workqueue, key=self._cost), last=False)
        super()._assign_work_unit(node)
