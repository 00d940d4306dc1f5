"""Which relations a statement reads, changes or deletes from without looking at the tenant, by its syntax tree.

A source is filtered where the conditions on it let through the setting's tenant only, or make its tenant equal to that
of a source that is filtered. Names are as the statement has them; of what cannot be told nothing is filtered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pglast import ast, enums
from pglast.stream import RawStream

from steward.isolation import bodies, syntax

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from steward.isolation.bodies import Body

__all__ = ["Name", "Tenant", "passes", "unfiltered"]

# Schema, None where the statement names none, and relation.
Name = tuple[str | None, str]
_QUERIES = (ast.SelectStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)


@dataclass(frozen=True)
class Tenant:
    """What a filter must compare, and the functions that it may do so by."""

    column: str
    setting: str
    functions: tuple[Body, ...] = ()


@dataclass
class _Scope:
    """The sources of one query by their aliases, the conditions on them, and what the queries around it know."""

    tenant: Tenant
    sources: dict[str, ast.Node] = field(default_factory=dict)
    conditions: list[tuple[ast.Node, frozenset[str]]] = field(default_factory=list)
    tables: Mapping[str, ast.Node] = field(default_factory=dict)
    outer: frozenset[str] = frozenset()

    def filtered(self) -> frozenset[str]:
        """Return the aliases of which only the setting's tenant comes through."""
        found = {alias for condition, within in self.conditions for alias in self._named(condition, within)}
        equal = [(pair, within) for condition, within in self.conditions if (pair := self._pair(condition))]
        while True:
            known = found | self.outer
            more = {
                new
                for (one, two), within in equal
                for old, new in ((one, two), (two, one))
                if old in known and new not in known and new in within
            }
            if not more:
                return frozenset(found)
            found |= more

    def _named(self, condition: ast.Node, within: frozenset[str]) -> Iterator[str]:
        """Yield the alias whose tenant the condition holds against the setting."""
        columns = [
            node
            for node in bodies.nodes(condition)
            if isinstance(node, ast.ColumnRef) and bodies.named(node.fields)[-1:] == (self.tenant.column,)
        ]
        aliases = {self._alias(node) for node in columns}
        if len(aliases) == 1 and (alias := aliases.pop()) in within:
            text = RawStream()(condition)
            if syntax.filters_by(text, self.tenant.column, self.tenant.setting, self.tenant.functions):
                yield str(alias)

    def _pair(self, condition: ast.Node) -> tuple[str, str] | None:
        """Return the two aliases whose tenants the condition makes equal."""
        if not isinstance(condition, ast.A_Expr) or bodies.named(condition.name) != ("=",):
            return None
        sides = [_bare(side) for side in (condition.lexpr, condition.rexpr)]
        aliases = [
            self._alias(side)
            for side in sides
            if isinstance(side, ast.ColumnRef) and bodies.named(side.fields)[-1:] == (self.tenant.column,)
        ]
        if len(aliases) != len(sides) or None in aliases:
            return None
        return str(aliases[0]), str(aliases[1])

    def _alias(self, column: ast.ColumnRef) -> str | None:
        """Return of which source a column is; None where the name alone does not tell."""
        names = bodies.named(column.fields)
        if len(names) > 1:
            return names[-2]
        return next(iter(self.sources)) if len(self.sources) == 1 else None


def unfiltered(tree: object, tenant: Tenant) -> frozenset[Name]:
    """Return the relations that the statements of a tree take rows from, whoever's they are."""
    return frozenset(_statements(tree, tenant, {}, frozenset()))


def _statements(tree: object, tenant: Tenant, tables: Mapping[str, ast.Node], outer: frozenset[str]) -> Iterator[Name]:
    """Go down to the next statements of a tree, whatever stands around them."""
    if isinstance(tree, _QUERIES):
        yield from _statement(tree, tenant, tables, outer)
    elif isinstance(tree, ast.Node):
        for attribute in tree:
            yield from _statements(getattr(tree, attribute), tenant, tables, outer)
    elif isinstance(tree, tuple):
        for each in tree:
            yield from _statements(each, tenant, tables, outer)


def _statement(tree: ast.Node, tenant: Tenant, tables: Mapping[str, ast.Node], outer: frozenset[str]) -> Iterator[Name]:
    clause = getattr(tree, "withClause", None)
    named = {each.ctename: each.ctequery for each in clause.ctes} if clause else {}
    scope = _Scope(tenant, tables={**tables, **named}, outer=outer)
    # What changes rows runs whether it is read from or not.
    for query in named.values():
        if not isinstance(query, ast.SelectStmt):
            yield from _statement(query, tenant, scope.tables, outer)
    _collect(tree, scope)
    filtered = scope.filtered()
    for alias, source in scope.sources.items():
        if alias not in filtered or not _honest(source, scope):
            yield from _source(source, scope, outer | filtered)
    for attribute in tree:
        # Its sources and their subqueries are done.
        if attribute not in {"withClause", "relation", "sourceRelation"}:
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


def _collect(tree: ast.Node, scope: _Scope) -> None:
    """Gather the sources of a statement and the conditions on them."""
    target = getattr(tree, "relation", None)
    clauses = (target, *(getattr(tree, name, None) or () for name in ("fromClause", "usingClause")))
    for clause in clauses:
        for each in clause if isinstance(clause, tuple) else (clause,):
            _add(each, scope)
    _add(getattr(tree, "sourceRelation", None), scope)
    everywhere = frozenset(scope.sources)
    where = getattr(tree, "whereClause", None)
    scope.conditions += [(each, everywhere) for each in _conjuncts(where)]
    if isinstance(tree, ast.MergeStmt):
        # A row of the target that does not match is not changed; one of the source that does not is still read.
        matched = frozenset({_alias_of(target)})
        scope.conditions += [(each, matched) for each in _conjuncts(tree.joinCondition)]


def _add(source: object, scope: _Scope) -> None:
    if isinstance(source, ast.JoinExpr):
        before = frozenset(scope.sources)
        _add(source.larg, scope)
        left = frozenset(scope.sources) - before
        _add(source.rarg, scope)
        right = frozenset(scope.sources) - before - left
        # An outer join keeps the rows of its outer side, whatever its condition says of them.
        held = {
            enums.JoinType.JOIN_INNER: left | right,
            enums.JoinType.JOIN_LEFT: right,
            enums.JoinType.JOIN_RIGHT: left,
        }
        within = held.get(source.jointype or enums.JoinType.JOIN_INNER, frozenset())
        scope.conditions += [(each, within) for each in _conjuncts(source.quals)]
        if any(name.sval == scope.tenant.column for name in source.usingClause or ()):
            _use(left, right, within, scope)
    elif isinstance(source, ast.RangeTableSample):
        _add(source.relation, scope)
    elif isinstance(source, ast.RangeVar | ast.RangeSubselect):
        scope.sources[_alias_of(source)] = source


def _use(left: Iterable[str], right: Iterable[str], within: frozenset[str], scope: _Scope) -> None:
    """Add what USING or a natural join says of the tenants of two sources."""
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


def _honest(source: ast.Node, scope: _Scope) -> bool:
    """Tell whether the tenant that a source shows is that of its rows."""
    query: object = None
    if isinstance(source, ast.RangeSubselect):
        query = source.subquery
    elif isinstance(source, ast.RangeVar) and not source.schemaname:
        query = scope.tables.get(str(source.relname))
    return query is None or passes(query, scope.tenant.column)


def passes(query: object, column: str) -> bool:
    """Tell whether what a query calls ``column`` is a column of that name of what it reads."""
    if not isinstance(query, ast.SelectStmt):
        return False
    if query.larg:
        return passes(query.larg, column) and passes(query.rarg, column)
    shown = [each for each in query.targetList or () if isinstance(each.val, ast.ColumnRef)]
    return any(
        isinstance(each.val.fields[-1], ast.A_Star)
        or (bodies.named(each.val.fields)[-1] == column and each.name in {None, column})
        for each in shown
    )


def _source(source: ast.Node, scope: _Scope, outer: frozenset[str]) -> Iterator[Name]:
    """Yield what an unfiltered source takes rows from: itself, or what is unfiltered inside of it."""
    if isinstance(source, ast.RangeSubselect):
        yield from _statements(source.subquery, scope.tenant, scope.tables, outer if source.lateral else frozenset())
    elif isinstance(source, ast.RangeVar):
        query = None if source.schemaname else scope.tables.get(str(source.relname))
        if query is None:
            yield source.schemaname, str(source.relname)
        elif isinstance(query, ast.SelectStmt):
            # Without its own name, which a recursive query reads from.
            tables = {name: each for name, each in scope.tables.items() if name != source.relname}
            yield from (
                name for name in _statements(query, scope.tenant, tables, frozenset()) if name[1] != source.relname
            )


def _alias_of(source: object) -> str:
    alias = getattr(source, "alias", None)
    return str(alias.aliasname if alias else getattr(source, "relname", ""))


def _conjuncts(condition: object) -> Iterator[ast.Node]:
    """Yield the parts of a condition that all must hold."""
    if isinstance(condition, ast.BoolExpr) and condition.boolop == enums.BoolExprType.AND_EXPR:
        for each in condition.args or ():
            yield from _conjuncts(each)
    elif isinstance(condition, ast.Node):
        yield condition


def _bare(node: object) -> object:
    while isinstance(node, ast.TypeCast):
        node = node.arg
    return node
