"""The views over rows of tenants, with what each reads: as its owner or as its caller, at every depth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pglast import ast

from steward.isolation.analysis import function_bodies
from steward.isolation.analysis.query_sources import shows_column
from steward.isolation.analysis.unbound_writes import unbound_writes
from steward.isolation.analysis.unfiltered_reads import unfiltered_reads
from steward.isolation.analysis.unpoliced_commands import unpoliced_commands
from steward.isolation.catalog.rls_bypass import bypass_reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steward.isolation.analysis.query_sources import Name, TenantFilter
    from steward.isolation.catalog.policies import Side
    from steward.isolation.catalog.rls_bypass import SecuredRelation
    from steward.isolation.catalog.role_graph import RoleGraph

__all__ = ["View", "ViewCatalog", "ViewGraph", "ViewLeak", "is_named"]


@dataclass(frozen=True)
class View:
    """A plain view: a row of sql/isolation/views.sql."""

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
    def grantees(self) -> str:
        """The roles to which rights on it are granted."""
        return ", ".join(filter(None, (self.readers, self.removers, self.writers)))


@dataclass(frozen=True)
class ViewLeak:
    """Rows of a relation that come through unfiltered: the views on the way, the one that reads it, and why."""

    path: tuple[str, ...]
    relation: SecuredRelation
    by: View | None
    reason: str

    def __str__(self) -> str:
        return f"{' → '.join((*self.path, self.relation.ident))}: {self.reason}"

    def above(self, view: View) -> ViewLeak:
        """Return the leak as a view over it shows it."""
        return ViewLeak((view.ident, *self.path), self.relation, self.by, self.reason)


@dataclass(frozen=True)
class ViewCatalog:
    """The relations that show rows of tenants and the views among them, by oid, and the filter that views need.

    ``invoking``: the server has security_invoker.
    """

    relations: Mapping[int, SecuredRelation]
    views: Mapping[int, View]
    tenant: TenantFilter
    invoking: bool

    @cached_property
    def trees(self) -> Mapping[int, tuple[ast.Node, ...]]:
        """The syntax tree of each view; an empty one where it cannot be parsed."""
        return {oid: function_bodies.parse_statements(view.definition) for oid, view in self.views.items()}

    @cached_property
    def names(self) -> Mapping[int, frozenset[Name]]:
        """The relations that each view names."""
        return {oid: _relation_names(tree) for oid, tree in self.trees.items()}

    @cached_property
    def unfiltered(self) -> Mapping[tuple[int, bool], frozenset[Name]]:
        """The relations that each view reads unfiltered, also where its reader filters by the tenant that it shows."""
        return {
            (oid, reader_filters): unfiltered_reads(tree, self.tenant, reader_filters=reader_filters)
            for oid, tree in self.trees.items()
            for reader_filters in (False, True)
        }


class ViewGraph:
    """The views over rows of tenants, as certain roles read them.

    ``open_policies``: the policy by which a role passes every tenant's rows, though the application does not.
    """

    def __init__(
        self, graph: RoleGraph, catalog: ViewCatalog, open_policies: Mapping[tuple[str, str, Side], str]
    ) -> None:
        self.graph = graph
        self.catalog = catalog
        self.relations = catalog.relations
        self.views = catalog.views
        self.tenant = catalog.tenant
        self._open_policies = open_policies
        self._leaks: dict[tuple[int, int | None, bool], ViewLeak | None] = {}

    def leak(self, oid: int, reader: int | None = None, *, reader_filters: bool = False) -> ViewLeak | None:
        """Return what a view shows unfiltered to ``reader``; None for the application, whom policies hold for.

        ``reader_filters``: what reads the view filters by the tenant that it shows.
        """
        key = (oid, reader, reader_filters)
        if key not in self._leaks:
            self._leaks[key] = None
            self._leaks[key] = next(self._through(self.views[oid], reader, reader_filters=reader_filters), None)
        return self._leaks[key]

    def hidden_by_filter(self, oid: int) -> tuple[ViewLeak, ...]:
        """Return what only the view's own filter keeps from the application."""
        return tuple(self._through(self.views[oid], None, by_filter=True))

    def bypass_reason(self, reader: int, relation: SecuredRelation, *sides: Side) -> str | None:
        """Return why a role passes every tenant's rows of a relation; None where policies keep them from it."""
        role = self.graph.roles[reader]
        opened = (self._open_policies.get((role.name, relation.ident, side)) for side in sides or ("using",))
        policy = next(filter(None, opened), None)
        return bypass_reason(self.graph, reader, relation) or (policy and f"{policy} lets {role.ident} through")

    def unchecked_writes(self, oid: int, *, checked: bool = False) -> Iterator[ViewLeak]:
        """Yield what takes rows of any tenant through a view: no check option and no policy holds what is written.

        ``checked``: the check option of a view above holds for its filter and all those below it.
        """
        view = self.views[oid]
        for used in view.used:
            relation = self.relations.get(used)
            filtered = (checked or view.checked) and relation is not None and self._filters(view, relation)
            if relation is None or filtered or not self._is_source(view, relation):
                continue
            if used in self.views:
                lower = self.unchecked_writes(used, checked=checked or view.cascaded)
                yield from (leak.above(view) for leak in lower)
            elif not view.invoker and (reason := self.bypass_reason(view.owner, relation, "using", "check")):
                yield ViewLeak((view.ident,), relation, view, reason)

    def _filters(self, view: View, relation: SecuredRelation, *, reader_filters: bool = False) -> bool:
        """Return whether a view lets through only the setting's tenant of a relation that it reads."""
        if not self.catalog.trees[view.oid]:
            return False
        lower = self.catalog.trees.get(relation.oid, ())
        honest = relation.oid not in self.views or shows_column(next(iter(lower), None), self.tenant.column)
        return honest and not is_named(relation, self.catalog.unfiltered[view.oid, reader_filters])

    def _reads(self, view: View, relation: SecuredRelation) -> bool:
        """Return whether a view names a relation, and not only the type of its rows; unparsed it may."""
        return not self.catalog.trees[view.oid] or is_named(relation, self.catalog.names[view.oid])

    def _through(
        self, view: View, reader: int | None, *, by_filter: bool = False, reader_filters: bool = False
    ) -> Iterator[ViewLeak]:
        """Yield what a view shows of every tenant; ``by_filter``: what its own filter alone keeps back instead."""
        acting = reader if view.invoker else view.owner
        for oid in view.used:
            relation = self.relations.get(oid)
            if relation is None or not self._reads(view, relation):
                continue
            filtered = self._filters(view, relation, reader_filters=reader_filters)
            if oid in self.views:
                # Its tenant is filtered here, and not what it joins to that.
                lower = self.leak(oid, reader, reader_filters=filtered and not by_filter)
                found = lower and lower.above(view)
            else:
                reason = None if acting is None else self.bypass_reason(acting, relation)
                found = ViewLeak((view.ident,), relation, view, reason) if reason and filtered is by_filter else None
            if found and (filtered or not by_filter):
                yield found

    def _is_source(self, view: View, relation: SecuredRelation) -> bool:
        """Return whether a relation stands in a view's FROM, and not only in its conditions."""
        tree = next(iter(self.catalog.trees[view.oid]), None)
        sources = getattr(tree, "fromClause", None) or ()
        names = _relation_names(tuple(source for source in sources if isinstance(source, ast.RangeVar)))
        return not names or is_named(relation, names)

    def statement_leaks(
        self, reader: int, tree: object, bound: frozenset[str], *, also: frozenset[Name] = frozenset()
    ) -> Iterator[str]:
        """Yield which relations a role reaches every tenant's rows of by the statements of a tree, and why.

        ``bound`` are aliases of which only the setting's tenant comes, ``also`` what else is read unfiltered.
        """
        reads, writes = unfiltered_reads(tree, self.tenant, bound) | also, unbound_writes(tree, self.tenant, bound)
        names, unpoliced = _relation_names(tree), unpoliced_commands(tree)
        for relation in self.relations.values():
            reason = None
            if is_named(relation, names | also):
                reason = self._read_leak(reader, relation, reader_filters=not is_named(relation, reads))
            if reason is None and is_named(relation, writes):
                reason = self._write_leak(reader, relation)
            if reason is None and is_named(relation, unpoliced):
                reason = f"{relation.ident}: no policy is asked by what empties it or takes its policies away"
            if reason:
                yield reason

    def _read_leak(self, reader: int, relation: SecuredRelation, *, reader_filters: bool) -> str | None:
        if relation.oid in self.views:
            leak = self.leak(relation.oid, reader, reader_filters=reader_filters)
            return str(leak) if leak else None
        reason = None if reader_filters else self.bypass_reason(reader, relation)
        return reason and f"{relation.ident}: {reason}"

    def _write_leak(self, reader: int, relation: SecuredRelation) -> str | None:
        if relation.oid in self.views:
            leak = next(self.unchecked_writes(relation.oid), None)
            return str(leak) if leak else None
        reason = self.bypass_reason(reader, relation, "check")
        return reason and f"{relation.ident}, whose tenant may be any: {reason}"

    def owner_bypass(self, owner: int) -> str | None:
        """Return why policies of some guarded table do not hold for a role, or are its own to drop."""
        guarded = [one for one in self.relations.values() if one.kind in {"r", "p"} and one.rls]
        reason = next(filter(None, (self.bypass_reason(owner, relation) for relation in guarded)), None)
        rights = self.graph.rights(owner)
        owned = next((relation for relation in guarded if relation.owner in rights), None)
        if reason is None and owned:
            reason = f"{self.graph.roles[owner].ident} can drop the policies of {owned.ident}"
        return reason

    def used_by_application(self) -> set[int]:
        """Return the views that the application reads or writes, by themselves or through others."""
        found, waiting = set[int](), [view.oid for view in self.views.values() if view.grantees]
        while waiting:
            oid = waiting.pop()
            if oid not in found:
                found.add(oid)
                waiting.extend(used for used in self.views[oid].used if used in self.views)
        return found


def _relation_names(tree: object) -> frozenset[Name]:
    ranges = (node for node in function_bodies.nodes(tree) if isinstance(node, ast.RangeVar))
    return frozenset((node.schemaname, str(node.relname)) for node in ranges)


def is_named(relation: SecuredRelation, names: frozenset[Name]) -> bool:
    """Return whether a relation is among names of a statement."""
    return (relation.schema, relation.name) in names or (None, relation.name) in names
