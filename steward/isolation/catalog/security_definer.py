"""Functions and procedures that run as their owner and that the application may call."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steward.engine.check import Finding
from steward.isolation.catalog.routines import Routine, routine_leaks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from steward.isolation.catalog.view_graph import ViewGraph

__all__ = ["DefinerRoutine", "leaks", "unsafe_search_paths"]

_SHOWN = 5


@dataclass(frozen=True)
class DefinerRoutine(Routine):
    """A SECURITY DEFINER routine: a row of sql/isolation/definer_functions.sql."""

    kind: str
    called: bool
    bound: bool
    path: str | None
    callers: str | None
    with_path: str
    revoked: str | None


def leaks(routines: Iterable[DefinerRoutine], views: ViewGraph) -> Iterator[Finding]:
    """Yield the routines that the application may call and that reach rows of every tenant."""
    for routine in routines:
        reasons = list(routine_leaks(routine, views)) if routine.called and routine.callers else []
        if reasons:
            yield Finding(
                routine.kind,
                routine.ident,
                f"runs as {views.graph.roles[routine.owner].ident} for {routine.callers}",
                "a routine that runs as its caller, or that filters by the tenant setting whatever it touches",
                f"every tenant's rows come out: {'; '.join(reasons[:_SHOWN])}",
                routine.revoked or "",
            )


def unsafe_search_paths(routines: Iterable[DefinerRoutine], writable: Collection[str]) -> Iterator[Finding]:
    """Yield the routines whose names somebody else can redirect to objects of their own.

    ``writable`` are the schemas in which the application can create objects.
    """
    for routine in routines:
        fault = None if routine.bound else _fault(routine.path, writable)
        if fault:
            yield Finding(
                routine.kind,
                routine.ident,
                fault,
                "a search_path of schemas that the application cannot create in, with pg_temp last",
                "it runs as its owner, and takes what its caller makes for the tables and functions of these names",
                f"{routine.with_path} -- with the schemas that it needs before pg_temp",
            )


def _fault(path: str | None, writable: Collection[str]) -> str | None:
    """Return what is wrong with a search_path. With an empty one a routine names the schemas itself."""
    if path is None:
        return "no search_path of its own"
    [schemas] = list(csv.reader([path.replace("\n", " ")], skipinitialspace=True)) or [[]]
    schemas = [name.strip() for name in schemas if name.strip()]
    if not set(schemas) - {"pg_catalog"}:
        return None
    if schemas[-1] != "pg_temp":
        return f"search_path {path}: temporary tables come first"
    open_to_all = [name for name in schemas[:-1] if name in writable]
    return f"search_path {path}: the application can create in {', '.join(open_to_all)}" if open_to_all else None
