"""What triggers do as the owner of their function, whoever fires them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steward.engine.check import Finding
from steward.isolation.catalog import role_graph, view_graph
from steward.isolation.catalog.routines import Routine, reached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steward.engine.check import Check
    from steward.isolation.catalog.view_graph import ViewGraph

__all__ = ["leaks"]

_SHOWN = 5


@dataclass(frozen=True)
class _DefinerTrigger(Routine):
    """A SECURITY DEFINER function of triggers as sql/isolation/triggers.sql has it."""

    relations: tuple[int, ...]
    before: bool
    fired: str
    callers: str
    as_invoker: str


def leaks(check: Check) -> Iterator[Finding]:
    """Yield the functions by which the application reaches rows of every tenant when it fires a trigger."""
    known = role_graph.known(check)
    rows = role_graph.asked(check, "isolation/triggers", known.told, firing=known.within["firing"])
    # What an owner may do whom the application can become is told there.
    fired = [each for each in (_DefinerTrigger(**row) for row in rows) if each.owner not in known.own]
    if not fired:
        return
    shown = view_graph.load(check, known, {each.owner for each in fired})
    for each in fired:
        reasons = list(reached(each, shown, _held(each, shown), before=each.before))
        if reasons:
            yield Finding(
                "function",
                each.ident,
                f"runs as {known.graph.roles[each.owner].ident} when {each.callers} writes to {each.fired}",
                "a function that runs as who fires it, or that holds the tenant of all it touches against the setting",
                f"every tenant's rows are within reach: {'; '.join(reasons[:_SHOWN])}",
                each.as_invoker,
            )


def _held(each: _DefinerTrigger, shown: ViewGraph) -> frozenset[str]:
    """Return OLD and NEW where the policies of each table that fires it hold them against the setting."""
    tables = [shown.relations.get(oid) for oid in each.relations]
    guarded = all(table is not None and table.rls for table in tables)
    return frozenset({"old", "new"}) if guarded else frozenset()
