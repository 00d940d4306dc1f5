"""The sources of one query, and which of them its conditions bind to the setting's tenant.

A source is bound where the conditions on it let through the setting's tenant only, or make its tenant equal to that of
a source that is bound. Names are as in the statement; a source that cannot be analysed is not bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pglast import ast, enums
from pglast.stream import RawStream

from steward.isolation.analysis import filters, function_bodies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from steward.isolation.analysis.function_bodies import FunctionBody

__all__ = ["Name", "QueryScope", "TenantFilter", "collect_sources", "shown_source", "shows_column"]

# Schema, None where the statement names none, and relation.
Name = tuple[str | None, str]


@dataclass(frozen=True)
class TenantFilter:
    """The tenant column with its types in all tables, the setting, and the functions that a filter may call."""

    column: str
    setting: str
    functions: tuple[FunctionBody, ...] = ()
    types: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass
class QueryScope:
    """The sources of one query by alias, the conditions on them, and the aliases of the queries around it."""

    tenant: TenantFilter
    sources: dict[str, ast.Node] = field(default_factory=dict)
    conditions: list[tuple[ast.Node, frozenset[str]]] = field(default_factory=list)
    tables: Mapping[str, ast.Node] = field(default_factory=dict)
    outer: frozenset[str] = frozenset()
    # The aliases that the reader of the query filters by tenant.
    filtered_by_reader: frozenset[str] = frozenset()

    def filtered(self) -> frozenset[str]:
        """Return the aliases that are bound: only the setting's tenant comes through."""
        found = set(self.filtered_by_reader)
        found |= {alias for condition, within in self.conditions for alias in self._named(condition, within)}
        equal = [(pair, within) for condition, within in self.conditions if (pair := self._pair(condition))]
        while True:
            known = found | (self.outer - set(self.sources))
            more = {
                new
                for (one, two), within in equal
                for old, new in ((one, two), (two, one))
                if len(new) == 1 and old <= known and not new <= known and new <= within
            }
            if not more:
                return frozenset(found)
            found |= frozenset().union(*more)

    def shows_own_tenant(self, alias: str) -> bool:
        """Return whether the tenant that a source shows is that of its rows."""
        source, query = self.sources[alias], None
        if isinstance(source, ast.RangeSubselect):
            query = source.subquery
        elif isinstance(source, ast.RangeVar) and not source.schemaname:
            query = self.tables.get(str(source.relname))
        return query is None or shows_column(query, self.tenant.column)

    def alias_of(self, column: ast.ColumnRef) -> str | None:
        """Return the source of a column; None where its name does not decide."""
        names = function_bodies.name_parts(column.fields)
        if len(names) > 1:
            return names[-2]
        return next(iter(self.sources)) if len(self.sources) == 1 else None

    def tenants(self, value: object) -> frozenset[str]:
        """Return the aliases whose tenant a value may be; none where it may be anything else."""
        value = _bare(value)
        if isinstance(value, ast.CoalesceExpr):
            parts = [self.tenants(argument) for argument in value.args or ()]
            return frozenset().union(*parts) if all(parts) else frozenset()
        if isinstance(value, ast.ColumnRef) and function_bodies.name_parts(value.fields)[-1:] == (self.tenant.column,):
            alias = self.alias_of(value)
            return frozenset({alias} if alias else ())
        return frozenset()

    def _named(self, condition: ast.Node, within: frozenset[str]) -> Iterator[str]:
        """Yield the alias whose tenant the condition compares with the setting."""
        columns = [
            node
            for node in function_bodies.nodes(condition)
            if isinstance(node, ast.ColumnRef) and function_bodies.name_parts(node.fields)[-1:] == (self.tenant.column,)
        ]
        aliases = {self.alias_of(node) for node in columns}
        if len(aliases) == 1 and (alias := aliases.pop()) in within:
            text = RawStream()(condition)
            tenant = self.tenant
            if filters.filters_by(text, tenant.column, tenant.setting, tenant.functions, tenant.types):
                yield str(alias)

    def _pair(self, condition: ast.Node) -> tuple[frozenset[str], frozenset[str]] | None:
        """Return the aliases whose tenants the condition makes equal."""
        if not isinstance(condition, ast.A_Expr) or function_bodies.name_parts(condition.name) != ("=",):
            return None
        one, two = self.tenants(condition.lexpr), self.tenants(condition.rexpr)
        return (one, two) if one and two else None


def collect_sources(tree: ast.Node, scope: QueryScope) -> None:
    """Add the sources of a statement, and the conditions on them, to its scope."""
    target = getattr(tree, "relation", None)
    clauses = (target, *(getattr(tree, name, None) or () for name in ("fromClause", "usingClause")))
    for clause in clauses:
        for source in clause if isinstance(clause, tuple) else (clause,):
            _add(source, scope)
    _add(getattr(tree, "sourceRelation", None), scope)
    everywhere = frozenset(scope.sources)
    where = getattr(tree, "whereClause", None)
    scope.conditions += [(part, everywhere) for part in _conjuncts(where)]
    if isinstance(tree, ast.MergeStmt):
        # A row of the target that does not match is not changed; one of the source that does not is still read.
        matched = frozenset({_named_as(target)})
        scope.conditions += [(part, matched) for part in _conjuncts(tree.joinCondition)]


def _add(source: object, scope: QueryScope) -> None:
    if isinstance(source, ast.JoinExpr):
        before = frozenset(scope.sources)
        _add(source.larg, scope)
        left = frozenset(scope.sources) - before
        _add(source.rarg, scope)
        right = frozenset(scope.sources) - before - left
        # An outer join keeps the rows of its outer side, whatever its condition.
        bound_sides = {
            enums.JoinType.JOIN_INNER: left | right,
            enums.JoinType.JOIN_LEFT: right,
            enums.JoinType.JOIN_RIGHT: left,
        }
        within = bound_sides.get(source.jointype or enums.JoinType.JOIN_INNER, frozenset())
        scope.conditions += [(part, within) for part in _conjuncts(source.quals)]
        if any(name.sval == scope.tenant.column for name in source.usingClause or ()):
            _use(left, right, within, scope)
    elif isinstance(source, ast.RangeTableSample):
        _add(source.relation, scope)
    elif isinstance(source, ast.RangeVar | ast.RangeSubselect):
        scope.sources[_named_as(source)] = source


def _use(left: Iterable[str], right: Iterable[str], within: frozenset[str], scope: QueryScope) -> None:
    """Add the equality of tenants of a join with USING, or of a natural join."""
    for one in left:
        for two in right:
            fields = [(ast.String(sval=alias), ast.String(sval=scope.tenant.column)) for alias in (one, two)]
            equal = ast.A_Expr(
                kind=enums.A_Expr_Kind.AEXPR_OP,
                name=(ast.String(sval="="),),
                lexpr=ast.ColumnRef(fields=fields[0]),
                rexpr=ast.ColumnRef(fields=fields[1]),
            )
            scope.conditions.append((equal, within))


def shows_column(query: object, column: str) -> bool:
    """Return whether the output column ``column`` of a query is a column of that name in what it reads."""
    if not isinstance(query, ast.SelectStmt):
        return False
    if query.larg:
        return shows_column(query.larg, column) and shows_column(query.rarg, column)
    shown = [target for target in query.targetList or () if isinstance(target.val, ast.ColumnRef)]
    return any(_starred(target.val) or _shows(target, column) for target in shown)


def _starred(value: ast.ColumnRef) -> bool:
    return any(isinstance(part, ast.A_Star) for part in value.fields or ())


def _shows(target: ast.ResTarget, column: str) -> bool:
    """Return whether an output column is the column of this name, under that name."""
    names = function_bodies.name_parts(target.val.fields) if isinstance(target.val, ast.ColumnRef) else ()
    return names[-1:] == (column,) and target.name in {None, column}


def shown_source(query: ast.SelectStmt, scope: QueryScope) -> frozenset[str]:
    """Return the source whose tenant a query shows, and which a filter on that column therefore binds.

    None where a window covers the rows of several tenants before that filter, or where the source is not known.
    """
    if not all(_parted(window, scope) for window in _windows(query)):
        return frozenset()
    shown = [target for target in query.targetList or () if isinstance(target.val, ast.ColumnRef)]
    plain = [target.val for target in shown if _shows(target, scope.tenant.column)]
    stars = [target.val for target in shown if _starred(target.val)]
    qualified = function_bodies.name_parts(stars[0].fields) if len(stars) == 1 else ()
    if plain:
        alias = scope.alias_of(plain[0])
    elif qualified:
        alias = qualified[-1]
    else:
        alias = next(iter(scope.sources)) if len(stars) == len(scope.sources) == 1 else None
    return frozenset({alias} if alias else ())


def _windows(query: ast.SelectStmt) -> Iterator[ast.WindowDef]:
    """Yield the definitions of the windows of a query's own functions."""
    defined = {window.name: window for window in query.windowClause or ()}
    for node in function_bodies.nodes((query.targetList, query.sortClause)):
        if isinstance(node, ast.FuncCall) and isinstance(node.over, ast.WindowDef):
            yield defined.get(node.over.name or node.over.refname, node.over)


def _parted(window: ast.WindowDef, scope: QueryScope) -> bool:
    """Return whether a window is partitioned by the tenant."""
    return any(
        isinstance(column, ast.ColumnRef) and function_bodies.name_parts(column.fields)[-1:] == (scope.tenant.column,)
        for column in window.partitionClause or ()
    )


def _named_as(source: object) -> str:
    alias = getattr(source, "alias", None)
    return str(alias.aliasname if alias else getattr(source, "relname", ""))


def _conjuncts(condition: object) -> Iterator[ast.Node]:
    """Yield the parts of a condition that all must hold."""
    if isinstance(condition, ast.BoolExpr) and condition.boolop == enums.BoolExprType.AND_EXPR:
        for part in condition.args or ():
            yield from _conjuncts(part)
    elif isinstance(condition, ast.Node):
        yield condition


def _bare(node: object) -> object:
    while isinstance(node, ast.TypeCast):
        node = node.arg
    return node
