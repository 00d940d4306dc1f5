"""What stands below a view or a statement: each view reads as its owner or as who asks, at every depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pglast import ast

from steward.isolation.analysis import function_bodies
from steward.isolation.analysis.query_sources import passes
from steward.isolation.analysis.unbound_writes import unheld
from steward.isolation.analysis.unfiltered_reads import unfiltered
from steward.isolation.analysis.unpoliced_commands import unasked
from steward.isolation.catalog import policies, role_graph
from steward.isolation.catalog.rls_exempt import exempt, relations, tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from steward.engine.check import Check
    from steward.isolation.analysis.query_sources import Name, TenantFilter
    from steward.isolation.catalog.policies import Side
    from steward.isolation.catalog.rls_exempt import ExemptRelation
    from steward.isolation.catalog.role_graph import RoleCatalog

__all__ = ["View", "ViewGraph", "ViewLeak", "load", "named"]


@dataclass(frozen=True)
class View:
    """A plain view as sql/isolation/views.sql has it."""

    oid: int
    ident: str
    owner: int
    invoker: bool
    barrier: bool
    checked: bool
    cascaded: bool
    definition: str
    used: tuple[int, ...]
    readers: str | None
    removers: str | None
    writers: str | None
    as_invoker: str
    as_barrier: str
    as_checked: str
    revoked: str

    @property
    def granted(self) -> str:
        """To whom rights on it are granted."""
        return ", ".join(filter(None, (self.readers, self.removers, self.writers)))


@dataclass(frozen=True)
class ViewLeak:
    """Rows of a relation that come through unfiltered: through which views, read by the last as whom, and why."""

    path: tuple[str, ...]
    relation: ExemptRelation
    by: View | None
    reason: str

    def __str__(self) -> str:
        return f"{' → '.join((*self.path, self.relation.ident))}: {self.reason}"


class ViewGraph:
    """The views over rows of tenants, with what stands below them."""

    def __init__(
        self, known: RoleCatalog, below: Mapping[int, ExemptRelation], views: Mapping[int, View], column: TenantFilter
    ) -> None:
        self.graph = known.graph
        self.relations = below
        self.views = views
        self.tenant = column
        # By which policies whom it is read as comes at every tenant's rows, though the application does not.
        self.opened: Mapping[tuple[str, str, Side], str] = {}
        self._trees = {oid: function_bodies.parsed(view.definition) for oid, view in views.items()}
        self._named = {oid: _names(tree) for oid, tree in self._trees.items()}
        self._open = {
            (oid, imposed): unfiltered(self._trees[oid], column, imposed=imposed)
            for oid in views
            for imposed in (False, True)
        }
        self._leaks: dict[tuple[int, int | None, bool], ViewLeak | None] = {}

    def leak(self, oid: int, reader: int | None = None, *, imposed: bool = False) -> ViewLeak | None:
        """Return what a view shows unfiltered to ``reader``; None for the application, whom policies hold for.

        ``imposed``: where whoever reads it filters by the tenant that it shows.
        """
        key = (oid, reader, imposed)
        if key not in self._leaks:
            self._leaks[key] = None
            self._leaks[key] = next(self._through(self.views[oid], reader, imposed=imposed), None)
        return self._leaks[key]

    def guarded(self, oid: int) -> tuple[ViewLeak, ...]:
        """Return what only the view's own filter keeps from the application."""
        return tuple(self._through(self.views[oid], None, guarded=True))

    def exempt(self, reader: int, relation: ExemptRelation, *sides: Side) -> str | None:
        """Tell why a role comes at every tenant's rows of a relation; None where policies keep it from them."""
        role = self.graph.roles[reader]
        opened = (self.opened.get((role.name, relation.ident, side)) for side in sides or ("using",))
        policy = next(filter(None, opened), None)
        return exempt(self.graph, reader, relation) or (policy and f"{policy} lets {role.ident} through")

    def written(self, oid: int, *, held: bool = False) -> Iterator[ViewLeak]:
        """Yield what takes rows of any tenant through a view: neither a filter that writing is held to nor a policy.

        ``held``: by the check option of a view above, its filter and all those below it.
        """
        view = self.views[oid]
        for used in view.used:
            relation = self.relations.get(used)
            checked = (held or view.checked) and relation is not None and self._filters(view, relation)
            if relation is None or checked or not self._from(view, relation):
                continue
            if used in self.views:
                below = self.written(used, held=held or view.cascaded)
                yield from (ViewLeak((view.ident, *each.path), each.relation, each.by, each.reason) for each in below)
            elif not view.invoker and (reason := self.exempt(view.owner, relation, "using", "check")):
                yield ViewLeak((view.ident,), relation, view, reason)

    def _filters(self, view: View, relation: ExemptRelation, *, imposed: bool = False) -> bool:
        """Tell whether a view lets through no rows of what stands below it but the setting's tenant's."""
        if not self._trees[view.oid]:
            return False
        below = self._trees.get(relation.oid, (None,))
        honest = relation.oid not in self.views or passes(next(iter(below), None), self.tenant.column)
        return honest and not named(relation, self._open[view.oid, imposed])

    def _reads(self, view: View, relation: ExemptRelation) -> bool:
        """Tell whether a view names a relation, and not only the type of its rows; it may where it cannot be read."""
        return not self._trees[view.oid] or named(relation, self._named[view.oid])

    def _through(
        self, view: View, reader: int | None, *, guarded: bool = False, imposed: bool = False
    ) -> Iterator[ViewLeak]:
        """Yield what comes up from below a view where nothing holds it; ``guarded``: where its own filter does."""
        acting = reader if view.invoker else view.owner
        for oid in view.used:
            relation = self.relations.get(oid)
            if relation is None or not self._reads(view, relation):
                continue
            filtered = self._filters(view, relation, imposed=imposed)
            if oid in self.views:
                # Its tenant is filtered here, and not what it joins to that.
                below = self.leak(oid, reader, imposed=filtered and not guarded)
                found = below and ViewLeak((view.ident, *below.path), below.relation, below.by, below.reason)
            else:
                reason = None if acting is None else self.exempt(acting, relation)
                found = ViewLeak((view.ident,), relation, view, reason) if reason and filtered is guarded else None
            if found and (filtered or not guarded):
                yield found

    def _from(self, view: View, relation: ExemptRelation) -> bool:
        """Tell whether a relation is what a view is made from, and not only what its conditions ask."""
        tree = next(iter(self._trees[view.oid]), None)
        names = _names(
            tuple(each for each in getattr(tree, "fromClause", None) or () if isinstance(each, ast.RangeVar))
        )
        return not names or named(relation, names)

    def reached(
        self, reader: int, tree: object, held: frozenset[str], *, also: frozenset[Name] = frozenset()
    ) -> Iterator[str]:
        """Yield which relations a role reaches every tenant's rows of by the statements of a tree, and why.

        ``held`` are aliases of which only the setting's tenant comes, ``also`` what else is read unfiltered.
        """
        reads, writes = unfiltered(tree, self.tenant, held) | also, unheld(tree, self.tenant, held)
        mentioned, emptied = _names(tree), unasked(tree)
        for relation in self.relations.values():
            reason = None
            if named(relation, mentioned | also):
                reason = self._taken(reader, relation, imposed=not named(relation, reads))
            if reason is None and named(relation, writes):
                reason = self._given(reader, relation)
            if reason is None and named(relation, emptied):
                reason = f"{relation.ident}: no policy is asked by what empties it or takes its policies away"
            if reason:
                yield reason

    def _taken(self, reader: int, relation: ExemptRelation, *, imposed: bool) -> str | None:
        if relation.oid in self.views:
            below = self.leak(relation.oid, reader, imposed=imposed)
            return str(below) if below else None
        reason = None if imposed else self.exempt(reader, relation)
        return reason and f"{relation.ident}: {reason}"

    def _given(self, reader: int, relation: ExemptRelation) -> str | None:
        if relation.oid in self.views:
            below = next(self.written(relation.oid), None)
            return str(below) if below else None
        reason = self.exempt(reader, relation, "check")
        return reason and f"{relation.ident}, whose tenant may be any: {reason}"

    def past(self, reader: int) -> str | None:
        """Tell how policies do not hold for a role, or are its own to drop, if that is so for some guarded table."""
        guarded = [each for each in self.relations.values() if each.kind in {"r", "p"} and each.rls]
        reason = next(filter(None, (self.exempt(reader, each) for each in guarded)), None)
        rights = self.graph.rights(reader)
        owned = next((each for each in guarded if each.owner in rights), None)
        if reason is None and owned:
            reason = f"{self.graph.roles[reader].ident} can drop the policies of {owned.ident}"
        return reason

    def shown(self) -> set[int]:
        """Return the views that the application reads or writes, by themselves or through others."""
        found, waiting = set[int](), [view.oid for view in self.views.values() if view.granted]
        while waiting:
            oid = waiting.pop()
            if oid not in found:
                found.add(oid)
                waiting.extend(used for used in self.views[oid].used if used in self.views)
        return found


def _names(tree: object) -> frozenset[Name]:
    ranges = (each for each in function_bodies.nodes(tree) if isinstance(each, ast.RangeVar))
    return frozenset((each.schemaname, str(each.relname)) for each in ranges)


def named(relation: ExemptRelation, names: frozenset[Name]) -> bool:
    """Tell whether a relation is among names of a statement."""
    return (relation.schema, relation.name) in names or (None, relation.name) in names


def load(check: Check, known: RoleCatalog, runners: Iterable[int] = ()) -> ViewGraph:
    """Read the views over rows of tenants; ``runners`` are oids of others as whom they are read."""
    rows = role_graph.asked(check, "isolation/views", known.told, **known.within)
    found = {row["oid"]: View(**{**row, "used": tuple(row["used"])}) for row in rows}
    shown = ViewGraph(known, relations(check, known), found, tenant(check, known))
    owners = {*runners, *(view.owner for view in found.values())}
    roles = (known.graph.roles[oid] for oid in owners)
    shown.opened = policies.opened(check, {role.oid: role.name for role in roles if not role.bypasses})
    return shown
