"""Defaults of the tenant column that put a row into one and the same tenant when a statement names none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pglast import ast

from steward.engine.check import Finding
from steward.isolation.analysis import filters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["is_literal", "literal_defaults"]


def literal_defaults(defaults: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield the tenant columns whose default is always the same tenant, of the rows of isolation/defaults."""
    for default in defaults:
        if is_literal(default["definition"]):
            yield Finding(
                "column",
                default["ident"],
                "its default is always the same tenant, or is where none is set",
                "no default, or the tenant of the setting",
                "a statement that names no tenant writes into that one's rows, whoever runs it",
                default["mending"],
            )


def is_literal(definition: str) -> bool:
    """Return whether an expression, as pg_get_expr() prints it, is a constant other than null, or ends in one."""
    return _is_constant(filters.parse(definition))


def _is_constant(node: object) -> bool:
    """Return whether a node is a constant: under casts and collations, or what COALESCE or CASE ends in."""
    match node:
        case ast.A_Const():
            return not node.isnull
        case ast.TypeCast() | ast.CollateClause():
            return _is_constant(node.arg)
        case ast.CoalesceExpr():
            return any(_is_constant(argument) for argument in node.args or ())
        case ast.CaseExpr():
            results = [when.result for when in node.args or () if isinstance(when, ast.CaseWhen)]
            return any(_is_constant(result) for result in (*results, node.defresult))
        case ast.A_Expr():
            return all(_is_constant(side) for side in (node.lexpr, node.rexpr) if side is not None)
    return False
