"""What the application may call of functions and procedures that run as their owner, as far as their source tells."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steward.engine.check import Finding
from steward.isolation.catalog import role_graph, view_graph
from steward.isolation.catalog.routines import Routine, reached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steward.engine.check import Check
    from steward.isolation.catalog.role_graph import RoleCatalog

__all__ = ["leaks", "paths"]

_SHOWN = 5


@dataclass(frozen=True)
class _Definer(Routine):
    """A SECURITY DEFINER routine as sql/isolation/definers.sql has it."""

    kind: str
    called: bool
    bound: bool
    path: str | None
    callers: str | None
    with_path: str
    revoked: str | None


def leaks(check: Check) -> Iterator[Finding]:
    """Yield the routines that the application may call and that reach rows of every tenant."""
    known = role_graph.known(check)
    definers = list(_definers(check, known))
    shown = view_graph.load(check, known, {definer.owner for definer in definers})
    for definer in definers:
        reasons = list(reached(definer, shown)) if definer.called and definer.callers else []
        if reasons:
            yield Finding(
                definer.kind,
                definer.ident,
                f"runs as {known.graph.roles[definer.owner].ident} for {definer.callers}",
                "a routine that runs as its caller, or that filters by the tenant setting whatever it touches",
                f"every tenant's rows come out: {'; '.join(reasons[:_SHOWN])}",
                definer.revoked or "",
            )


def paths(check: Check) -> Iterator[Finding]:
    """Yield the routines whose names somebody else can redirect to objects of his own."""
    known = role_graph.known(check)
    writable = [row["name"] for row in role_graph.asked(check, "isolation/writable", known.told, **known.within)]
    for definer in _definers(check, known):
        fault = None if definer.bound else _fault(definer.path, writable)
        if fault:
            yield Finding(
                definer.kind,
                definer.ident,
                fault,
                "a search_path of schemas that the application cannot create in, with pg_temp last",
                "it runs as its owner, and takes what its caller makes for the tables and functions of these names",
                f"{definer.with_path} -- with the schemas that it needs before pg_temp",
            )


def _fault(path: str | None, writable: list[str]) -> str | None:
    """Tell what is wrong with a search_path. With an empty one a routine names the schemas itself."""
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


def _definers(check: Check, known: RoleCatalog) -> Iterator[_Definer]:
    """Yield the routines of owners whom the application cannot become anyway."""
    rows = role_graph.asked(check, "isolation/definers", known.told, **known.within)
    yield from (_Definer(**row) for row in rows if row["owner"] not in known.own)
