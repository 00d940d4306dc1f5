"""The views that show or take rows past row-level security."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steward.engine.check import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steward.isolation.catalog.view_graph import View, ViewGraph, ViewLeak

__all__ = ["barriers", "leaks", "writes"]


def leaks(views: ViewGraph) -> Iterator[Finding]:
    """Yield the views that show the application rows of every tenant, or let it delete them."""
    for view in views.views.values():
        leak = views.leak(view.oid) if view.readers or view.removers else None
        if leak:
            yield Finding(
                "view",
                view.ident,
                f"opens every tenant's rows of {leak.relation.ident} to {view.readers or view.removers}",
                "a view that reads as who asks, or a security_barrier view that filters by the tenant setting",
                str(leak),
                _remedy(view, leak, views),
            )


def barriers(views: ViewGraph) -> Iterator[Finding]:
    """Yield the views whose filter is all that hides rows, and that let a function of the query see them first."""
    for oid in sorted(views.used_by_application()):
        view, hidden = views.views[oid], views.hidden_by_filter(oid)
        if hidden and not view.barrier:
            yield Finding(
                "view",
                view.ident,
                f"filters {hidden[0].relation.ident} without security_barrier",
                "security_barrier",
                f"a function in a query of it may be called with rows before the filter drops them ({hidden[0]})",
                view.as_barrier,
            )


def writes(views: ViewGraph) -> Iterator[Finding]:
    """Yield the views through which the application can write rows of other tenants."""
    for view in views.views.values():
        leak = next(views.unchecked_writes(view.oid), None) if view.writers else None
        if leak:
            option_suffices = next(views.unchecked_writes(view.oid, checked=True), None) is None
            yield Finding(
                "view",
                view.ident,
                f"takes rows of any tenant from {view.writers}",
                "with check option, or no right to write",
                f"what is written through it is not held against a filter, and no policy holds ({leak})",
                view.as_checked if option_suffices else _remedy(view, leak, views),
            )


def _remedy(view: View, leak: ViewLeak, views: ViewGraph) -> str:
    """Return what closes a leak: security_invoker where policies then hold, or else no grant."""
    policies_hold = views.catalog.invoking and leak.relation.kind in {"r", "p"} and leak.relation.rls
    return leak.by.as_invoker if policies_hold and leak.by else view.revoked
