"""The views that show or take rows past row-level security."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steward.engine.check import Finding
from steward.isolation.catalog import role_graph
from steward.isolation.catalog.view_graph import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steward.engine.check import Check
    from steward.isolation.catalog.view_graph import View, ViewLeak

__all__ = ["barriers", "leaks", "writes"]

# The first server with security_invoker.
_INVOKING = 150000


def leaks(check: Check) -> Iterator[Finding]:
    """Yield the views that show the application rows of every tenant, or let it delete them."""
    views = load(check, role_graph.known(check))
    invoking = check.conn.info.server_version >= _INVOKING
    for view in views.views.values():
        leak = views.leak(view.oid) if view.readers or view.removers else None
        if leak:
            yield Finding(
                "view",
                view.ident,
                f"opens every tenant's rows of {leak.relation.ident} to {view.readers or view.removers}",
                "a view that reads as who asks, or a security_barrier view that filters by the tenant setting",
                str(leak),
                _mending(view, leak, invoking=invoking),
            )


def barriers(check: Check) -> Iterator[Finding]:
    """Yield the views whose filter is all that hides rows, and that let a function of the query see them first."""
    views = load(check, role_graph.known(check))
    for oid in sorted(views.shown()):
        view, guarded = views.views[oid], views.guarded(oid)
        if guarded and not view.barrier:
            yield Finding(
                "view",
                view.ident,
                f"filters {guarded[0].relation.ident} without security_barrier",
                "security_barrier",
                f"a function in a query of it may be called with rows before the filter drops them ({guarded[0]})",
                view.as_barrier,
            )


def writes(check: Check) -> Iterator[Finding]:
    """Yield the views through which the application can write rows of other tenants."""
    views = load(check, role_graph.known(check))
    invoking = check.conn.info.server_version >= _INVOKING
    for view in views.views.values():
        below = next(views.written(view.oid), None) if view.writers else None
        if below:
            held = next(views.written(view.oid, held=True), None) is None
            yield Finding(
                "view",
                view.ident,
                f"takes rows of any tenant from {view.writers}",
                "with check option, or no right to write",
                f"what is written through it is not held against a filter, and no policy holds ({below})",
                view.as_checked if held else _mending(view, below, invoking=invoking),
            )


def _mending(view: View, leak: ViewLeak, *, invoking: bool) -> str:
    """Return what closes a leak: reading as who asks where policies hold for that, or else no grant."""
    mends = invoking and leak.by and leak.relation.kind in {"r", "p"} and leak.relation.rls
    return leak.by.as_invoker if mends and leak.by else view.revoked
