"""The relations into which a statement writes rows of any tenant, by its syntax tree.

The tenant of a row is bound where it is the value of the setting, or the tenant of a source that is bound (see
``query_sources``). Where a statement names none it is the column's default. What cannot be analysed is not bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pglast import ast, enums
from pglast.stream import RawStream

from steward.isolation.analysis import filters, function_bodies
from steward.isolation.analysis.query_sources import QueryScope, collect_sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from steward.isolation.analysis.query_sources import Name, TenantFilter

__all__ = ["unbound_writes"]


def unbound_writes(tree: object, tenant: TenantFilter, bound: frozenset[str] = frozenset()) -> frozenset[Name]:
    """Return the relations into which the statements of a tree write rows of any tenant.

    ``bound`` are aliases from around the statements of which only the setting's tenant comes through.
    """
    found = set()
    for node in function_bodies.nodes(tree):
        if isinstance(node, ast.InsertStmt):
            safe = _inserted(node, tenant, bound)
        elif isinstance(node, ast.UpdateStmt):
            safe = _assigned(node.targetList, _scope(node, tenant, bound))
        elif isinstance(node, ast.MergeStmt):
            scope = _scope(node, tenant, bound)
            safe = all(_merged(clause, scope) for clause in node.mergeWhenClauses or ())
        else:
            continue
        if not safe and node.relation:
            found.add((node.relation.schemaname, str(node.relation.relname)))
    return frozenset(found)


def _scope(query: ast.Node, tenant: TenantFilter, bound: frozenset[str]) -> QueryScope:
    clause = getattr(query, "withClause", None)
    tables = {cte.ctename: cte.ctequery for cte in clause.ctes} if clause else {}
    scope = QueryScope(tenant, tables=tables, outer=bound)
    collect_sources(query, scope)
    return scope


def _inserted(statement: ast.InsertStmt, tenant: TenantFilter, bound: frozenset[str]) -> bool:
    names = [str(column.name) for column in statement.cols or ()]
    if statement.selectStmt is None:
        return True
    if names and tenant.column not in names:
        rows = True
    else:
        rows = bool(names) and _selected(statement.selectStmt, names.index(tenant.column), tenant, bound)
    return rows and _upserted(statement.onConflictClause, tenant, bound)


def _selected(query: ast.Node | None, place: int, tenant: TenantFilter, bound: frozenset[str]) -> bool:
    """Return whether the value at a place of a query's output is bound in every row."""
    if not isinstance(query, ast.SelectStmt):
        return False
    if query.larg:
        return all(_selected(arm, place, tenant, bound) for arm in (query.larg, query.rarg))
    scope = _scope(query, tenant, bound)
    if query.valuesLists:
        return all(_holds((row or ())[place], scope) for row in query.valuesLists)
    values = [target.val for target in query.targetList or ()]
    return not any(map(_starred, values)) and _holds(values[place], scope)


def _starred(value: object) -> bool:
    """Return whether a value is ``*``: the statement does not show how many columns that is."""
    return isinstance(value, ast.ColumnRef) and isinstance((value.fields or ())[-1], ast.A_Star)


def _upserted(conflict: ast.OnConflictClause | None, tenant: TenantFilter, bound: frozenset[str]) -> bool:
    """Return whether the rows that an upsert updates are of its own tenant, and stay so."""
    if conflict is None or conflict.action != enums.OnConflictAction.ONCONFLICT_UPDATE:
        return True
    key = [element.name for element in (conflict.infer.indexElems if conflict.infer else None) or ()]
    # The tenant of the row to be inserted is judged as that of an insert.
    scope = QueryScope(tenant, outer=bound | {"excluded"})
    return tenant.column in key and _assigned(conflict.targetList, scope)


def _merged(clause: ast.MergeWhenClause, scope: QueryScope) -> bool:
    if clause.commandType != enums.CmdType.CMD_INSERT:
        return _assigned(clause.targetList, scope)
    names = [str(target.name) for target in clause.targetList or ()]
    if scope.tenant.column in names:
        return _holds((clause.values or ())[names.index(scope.tenant.column)], scope)
    return bool(names) or not clause.values


def _assigned(targets: Sequence[ast.ResTarget] | None, scope: QueryScope) -> bool:
    """Return whether rows that are updated keep their tenant, or get the setting's."""
    return all(_holds(target.val, scope) for target in targets or () if target.name == scope.tenant.column)


def _holds(value: object, scope: QueryScope) -> bool:
    """Return whether a value is the setting's tenant, or the tenant of a source that is bound."""
    tenant = scope.tenant
    own = {alias for alias in scope.filtered() if scope.shows_own_tenant(alias)}
    if (asked := scope.tenants(value)) and asked <= own | (scope.outer - set(scope.sources)):
        return True
    if not isinstance(value, ast.Node) or isinstance(value, ast.SetToDefault):
        return isinstance(value, ast.SetToDefault)
    equal = ast.A_Expr(
        kind=enums.A_Expr_Kind.AEXPR_OP,
        name=(ast.String(sval="="),),
        lexpr=ast.ColumnRef(fields=(ast.String(sval=tenant.column),)),
        rexpr=value,
    )
    return not any(_columns(value)) and filters.filters_by(
        RawStream()(equal), tenant.column, tenant.setting, tenant.functions, tenant.types
    )


def _columns(value: ast.Node) -> Iterator[ast.ColumnRef]:
    """Yield the columns that an expression reads: it is then not the setting alone."""
    return (node for node in function_bodies.nodes(value) if isinstance(node, ast.ColumnRef))
