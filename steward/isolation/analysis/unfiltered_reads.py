"""The relations that a statement reads, changes or deletes from without a filter by tenant, by its syntax tree.

A source is filtered where the conditions on it let through the setting's tenant only, or make its tenant equal to that
of a source that is filtered. Names are as in the statement; a source that cannot be analysed is not filtered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pglast import ast

from steward.isolation.analysis.query_sources import QueryScope, collect_sources, shown_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steward.isolation.analysis.query_sources import Name, TenantFilter

__all__ = ["unfiltered_reads"]

_QUERIES = (ast.SelectStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)


def unfiltered_reads(
    tree: object, tenant: TenantFilter, bound: frozenset[str] = frozenset(), *, reader_filters: bool = False
) -> frozenset[Name]:
    """Return the relations that the statements of a tree take rows of any tenant from.

    ``bound`` are aliases from around the statements of which only the setting's tenant comes through.
    ``reader_filters``: what reads the query lets through the setting's tenant only, by the column that it shows.
    """
    if reader_filters and isinstance(tree, tuple):
        return frozenset(
            name for statement in tree for name in _statement(statement, tenant, {}, bound, reader_filters=True)
        )
    return frozenset(_statements(tree, tenant, {}, bound))


def _statements(
    tree: object, tenant: TenantFilter, tables: Mapping[str, ast.Node], outer: frozenset[str]
) -> Iterator[Name]:
    """Yield what the next statements below a node read unfiltered."""
    if isinstance(tree, _QUERIES):
        yield from _statement(tree, tenant, tables, outer)
    elif isinstance(tree, ast.Node):
        for attribute in tree:
            yield from _statements(getattr(tree, attribute), tenant, tables, outer)
    elif isinstance(tree, tuple):
        for item in tree:
            yield from _statements(item, tenant, tables, outer)


def _statement(
    tree: ast.Node,
    tenant: TenantFilter,
    tables: Mapping[str, ast.Node],
    outer: frozenset[str],
    *,
    reader_filters: bool = False,
) -> Iterator[Name]:
    clause = getattr(tree, "withClause", None)
    named = {cte.ctename: cte.ctequery for cte in clause.ctes} if clause else {}
    scope = QueryScope(tenant, tables={**tables, **named}, outer=outer)
    # A WITH query that changes rows runs even when nothing reads it.
    for query in named.values():
        if not isinstance(query, ast.SelectStmt):
            yield from _statement(query, tenant, scope.tables, outer)
    collect_sources(tree, scope)
    if reader_filters and isinstance(tree, ast.SelectStmt):
        scope.filtered_by_reader = shown_source(tree, scope)
        for arm in (tree.larg, tree.rarg):
            if arm:
                yield from _statement(arm, tenant, scope.tables, outer, reader_filters=True)
    filtered = scope.filtered()
    for alias, source in scope.sources.items():
        yield from _source(source, scope, outer | filtered, bound=alias in filtered and scope.shows_own_tenant(alias))
    done = {"withClause", "relation", "sourceRelation", *(("larg", "rarg") if reader_filters else ())}
    for attribute in tree:
        # Its sources and their subqueries are done above.
        if attribute not in done:
            for part in _expressions(getattr(tree, attribute)):
                yield from _statements(part, tenant, scope.tables, outer | filtered)


def _expressions(tree: object) -> Iterator[object]:
    """Yield the parts of a clause that are not sources: of joins only their conditions."""
    if isinstance(tree, ast.JoinExpr):
        yield from (tree.quals, *_expressions(tree.larg), *_expressions(tree.rarg))
    elif isinstance(tree, tuple):
        for item in tree:
            yield from _expressions(item)
    elif not isinstance(tree, ast.RangeVar | ast.RangeSubselect):
        yield tree


def _source(source: ast.Node, scope: QueryScope, outer: frozenset[str], *, bound: bool) -> Iterator[Name]:
    """Yield the unfiltered relations of a source: itself, or those inside it."""
    if isinstance(source, ast.RangeSubselect) and source.subquery:
        around = outer if source.lateral else frozenset()
        yield from _statement(source.subquery, scope.tenant, scope.tables, around, reader_filters=bound)
    elif isinstance(source, ast.RangeVar):
        query = None if source.schemaname else scope.tables.get(str(source.relname))
        if query is None:
            yield from () if bound else ((source.schemaname, str(source.relname)),)
        elif isinstance(query, ast.SelectStmt):
            # Without its own name, which a recursive query reads.
            tables = {name: cte for name, cte in scope.tables.items() if name != source.relname}
            found = _statement(query, scope.tenant, tables, frozenset(), reader_filters=bound)
            yield from (name for name in found if name[1] != source.relname)
