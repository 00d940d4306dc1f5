"""Which relations a statement reads, changes or deletes from without looking at the tenant, by its syntax tree.

A source is filtered where the conditions on it let through the setting's tenant only, or make its tenant equal to that
of a source that is filtered. Names are as the statement has them; of what cannot be told nothing is filtered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pglast import ast

from steward.isolation.analysis.query_sources import QueryScope, collect, supplied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steward.isolation.analysis.query_sources import Name, TenantFilter

__all__ = ["unfiltered_reads"]

_QUERIES = (ast.SelectStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)


def unfiltered_reads(
    tree: object, tenant: TenantFilter, held: frozenset[str] = frozenset(), *, reader_filters: bool = False
) -> frozenset[Name]:
    """Return the relations that the statements of a tree take rows from, whoever's they are.

    ``held`` are aliases known from around the statements, of which only the setting's tenant comes through.
    ``reader_filters``: what reads the query lets through the setting's tenant only, by the column that it shows.
    """
    if reader_filters and isinstance(tree, tuple):
        return frozenset(name for each in tree for name in _statement(each, tenant, {}, held, reader_filters=True))
    return frozenset(_statements(tree, tenant, {}, held))


def _statements(
    tree: object, tenant: TenantFilter, tables: Mapping[str, ast.Node], outer: frozenset[str]
) -> Iterator[Name]:
    """Go down to the next statements of a tree, whatever stands around them."""
    if isinstance(tree, _QUERIES):
        yield from _statement(tree, tenant, tables, outer)
    elif isinstance(tree, ast.Node):
        for attribute in tree:
            yield from _statements(getattr(tree, attribute), tenant, tables, outer)
    elif isinstance(tree, tuple):
        for each in tree:
            yield from _statements(each, tenant, tables, outer)


def _statement(
    tree: ast.Node,
    tenant: TenantFilter,
    tables: Mapping[str, ast.Node],
    outer: frozenset[str],
    *,
    reader_filters: bool = False,
) -> Iterator[Name]:
    clause = getattr(tree, "withClause", None)
    named = {each.ctename: each.ctequery for each in clause.ctes} if clause else {}
    scope = QueryScope(tenant, tables={**tables, **named}, outer=outer)
    # What changes rows runs whether it is read from or not.
    for query in named.values():
        if not isinstance(query, ast.SelectStmt):
            yield from _statement(query, tenant, scope.tables, outer)
    collect(tree, scope)
    if reader_filters and isinstance(tree, ast.SelectStmt):
        scope.filtered_by_reader = supplied(tree, scope)
        for arm in (tree.larg, tree.rarg):
            if arm:
                yield from _statement(arm, tenant, scope.tables, outer, reader_filters=True)
    filtered = scope.filtered()
    for alias, source in scope.sources.items():
        yield from _source(source, scope, outer | filtered, held=alias in filtered and scope.honest(alias))
    done = {"withClause", "relation", "sourceRelation", *(("larg", "rarg") if reader_filters else ())}
    for attribute in tree:
        # Its sources and their subqueries are done.
        if attribute not in done:
            for part in _expressions(getattr(tree, attribute)):
                yield from _statements(part, tenant, scope.tables, outer | filtered)


def _expressions(tree: object) -> Iterator[object]:
    """Yield the parts of a clause that are no sources: of joins their conditions only."""
    if isinstance(tree, ast.JoinExpr):
        yield from (tree.quals, *_expressions(tree.larg), *_expressions(tree.rarg))
    elif isinstance(tree, tuple):
        for each in tree:
            yield from _expressions(each)
    elif not isinstance(tree, ast.RangeVar | ast.RangeSubselect):
        yield tree


def _source(source: ast.Node, scope: QueryScope, outer: frozenset[str], *, held: bool) -> Iterator[Name]:
    """Yield what a source takes rows from that nothing filters: itself, or what is unfiltered inside of it."""
    if isinstance(source, ast.RangeSubselect) and source.subquery:
        around = outer if source.lateral else frozenset()
        yield from _statement(source.subquery, scope.tenant, scope.tables, around, reader_filters=held)
    elif isinstance(source, ast.RangeVar):
        query = None if source.schemaname else scope.tables.get(str(source.relname))
        if query is None:
            yield from () if held else ((source.schemaname, str(source.relname)),)
        elif isinstance(query, ast.SelectStmt):
            # Without its own name, which a recursive query reads from.
            tables = {name: each for name, each in scope.tables.items() if name != source.relname}
            found = _statement(query, scope.tenant, tables, frozenset(), reader_filters=held)
            yield from (name for name in found if name[1] != source.relname)
