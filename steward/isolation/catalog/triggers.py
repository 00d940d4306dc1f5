"""Triggers whose function runs as its owner, whoever fires them, and reaches rows of every tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steward.engine.check import Finding
from steward.isolation.catalog.routines import Routine, routine_leaks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from steward.isolation.catalog.view_graph import ViewGraph

__all__ = ["DefinerTrigger", "leaks"]

_SHOWN = 5


@dataclass(frozen=True)
class DefinerTrigger(Routine):
    """A SECURITY DEFINER function of triggers: a row of sql/isolation/triggers.sql."""

    relations: tuple[int, ...]
    before: bool
    fired: str
    callers: str
    as_invoker: str


def leaks(triggers: Iterable[DefinerTrigger], views: ViewGraph) -> Iterator[Finding]:
    """Yield the functions by which the application reaches rows of every tenant when it fires a trigger."""
    for trigger in triggers:
        reasons = list(routine_leaks(trigger, views, _bound_records(trigger, views), before=trigger.before))
        if reasons:
            yield Finding(
                "function",
                trigger.ident,
                f"runs as {views.graph.roles[trigger.owner].ident} when {trigger.callers} writes to {trigger.fired}",
                "a function that runs as who fires it, or that holds the tenant of all it touches against the setting",
                f"every tenant's rows are within reach: {'; '.join(reasons[:_SHOWN])}",
                trigger.as_invoker,
            )


def _bound_records(trigger: DefinerTrigger, views: ViewGraph) -> frozenset[str]:
    """Return OLD and NEW where the policies of each table that fires it bind them to the setting."""
    tables = [views.relations.get(oid) for oid in trigger.relations]
    guarded = all(table is not None and table.rls for table in tables)
    return frozenset({"old", "new"}) if guarded else frozenset()
