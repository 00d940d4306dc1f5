"""What views show past row-level security: each reads as its owner or as who asks, at every depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steward.check import Finding
from steward.isolation import bodies, reach
from steward.isolation.reads import passes, unfiltered
from steward.isolation.sources import exempt, relations, tenant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steward.check import Check
    from steward.isolation.reach import Graph, Known
    from steward.isolation.reads import Name, Tenant
    from steward.isolation.sources import Relation

__all__ = ["Leak", "View", "Views", "barriers", "leaks", "load", "named", "writes"]


@dataclass(frozen=True)
class View:
    """A plain view as sql/isolation/views.sql has it."""

    oid: int
    ident: str
    owner: int
    invoker: bool
    barrier: bool
    checked: bool
    definition: str
    used: tuple[int, ...]
    readers: str | None
    writers: str | None
    as_invoker: str
    as_barrier: str
    as_checked: str
    revoked: str


@dataclass(frozen=True)
class Leak:
    """Rows of a relation that come through unfiltered: through which views, read by the last as whom, and why."""

    path: tuple[str, ...]
    relation: Relation
    by: View | None
    reason: str

    def __str__(self) -> str:
        return f"{' → '.join((*self.path, self.relation.ident))}: {self.reason}"


class Views:
    """The views over rows of tenants, with what stands below them."""

    def __init__(self, graph: Graph, below: Mapping[int, Relation], views: Mapping[int, View], column: Tenant) -> None:
        self.graph = graph
        self.relations = below
        self.views = views
        self.tenant = column
        self._trees = {oid: bodies.parsed(view.definition) for oid, view in views.items()}
        self._open = {oid: unfiltered(self._trees[oid], column) for oid in views}
        self._leaks: dict[tuple[int, int | None], Leak | None] = {}

    def leak(self, oid: int, reader: int | None = None) -> Leak | None:
        """Return what a view shows unfiltered to ``reader``; None for the application, whom policies hold for."""
        key = (oid, reader)
        if key not in self._leaks:
            self._leaks[key] = None
            self._leaks[key] = next(self._through(self.views[oid], reader, guarded=False), None)
        return self._leaks[key]

    def guarded(self, oid: int) -> tuple[Leak, ...]:
        """Return what only the view's own filter keeps from the application."""
        return tuple(self._through(self.views[oid], None, guarded=True))

    def _through(self, view: View, reader: int | None, *, guarded: bool) -> Iterator[Leak]:
        """Yield what comes up from below a view, where its own filter holds it or where nothing does."""
        acting = reader if view.invoker else view.owner
        for oid in view.used:
            relation = self.relations.get(oid)
            if relation is None:
                continue
            filtered = not named(relation, self._open[view.oid])
            if oid in self.views:
                filtered = filtered and passes(next(iter(self._trees[oid]), None), self.tenant.column)
                below = self.leak(oid, reader)
                found = below and Leak((view.ident, *below.path), below.relation, below.by, below.reason)
            else:
                reason = None if acting is None else exempt(self.graph, acting, relation)
                found = Leak((view.ident,), relation, view, reason) if reason else None
            if found and filtered is guarded:
                yield found

    def shown(self) -> set[int]:
        """Return the views that the application reads or writes, by themselves or through others."""
        found, waiting = set[int](), [view.oid for view in self.views.values() if view.readers or view.writers]
        while waiting:
            oid = waiting.pop()
            if oid not in found:
                found.add(oid)
                waiting.extend(used for used in self.views[oid].used if used in self.views)
        return found


def named(relation: Relation, names: frozenset[Name]) -> bool:
    """Tell whether a relation is among names of a statement."""
    return (relation.schema, relation.name) in names or (None, relation.name) in names


def load(check: Check, known: Known) -> Views:
    """Read the views over rows of tenants."""
    rows = reach.asked(check, "isolation/views", known.told, **known.within)
    found = (View(**{**row, "used": tuple(row["used"])}) for row in rows)
    return Views(known.graph, relations(check, known), {view.oid: view for view in found}, tenant(check))


def leaks(check: Check) -> Iterator[Finding]:
    """Yield the views that show the application rows of every tenant."""
    views = load(check, reach.known(check))
    invoking = check.conn.info.server_version >= 150000  # noqa: PLR2004 - the first with security_invoker
    for view in views.views.values():
        leak = views.leak(view.oid) if view.readers else None
        if leak:
            mends = invoking and leak.by and leak.relation.kind in {"r", "p"} and leak.relation.rls
            yield Finding(
                "view",
                view.ident,
                f"shows every tenant's rows of {leak.relation.ident} to {view.readers}",
                "a view that reads as who asks, or a security_barrier view that filters by the tenant setting",
                str(leak),
                leak.by.as_invoker if mends and leak.by else view.revoked,
            )


def barriers(check: Check) -> Iterator[Finding]:
    """Yield the views whose filter is all that hides rows, and that let a function of the query see them first."""
    views = load(check, reach.known(check))
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
    views = load(check, reach.known(check))
    for view in views.views.values():
        if not view.writers or view.checked:
            continue
        below = views.guarded(view.oid) or tuple(filter(None, [views.leak(view.oid)]))
        if below:
            yield Finding(
                "view",
                view.ident,
                f"takes rows of any tenant from {view.writers}",
                "with check option, or no right to write",
                f"what is written through it is not held against its filter, and no policy holds ({below[0]})",
                view.as_checked,
            )
