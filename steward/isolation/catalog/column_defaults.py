"""What a default of the tenant column gives a row for which nobody has said the tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pglast import ast

from steward.database import queries
from steward.engine.check import Finding
from steward.isolation.analysis import filters
from steward.isolation.catalog import scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steward.engine.check import Check

__all__ = ["literal", "literal_defaults"]


def literal_defaults(check: Check, told: Mapping[str, object]) -> Iterator[Finding]:
    """Yield the tenant columns that give such a row to one and the same tenant."""
    for row in queries.fetch(check.conn, "isolation/defaults", told, **scope.within(check)):
        if literal(row["definition"]):
            yield Finding(
                "column",
                row["ident"],
                "its default is always the same tenant, or is where none is set",
                "no default, or the tenant of the setting",
                "a statement that names no tenant writes into that one's rows, whoever runs it",
                row["mending"],
            )


def literal(definition: str) -> bool:
    """Tell whether an expression, as pg_get_expr() prints it, is a constant other than null, or ends in one."""
    return _constant(filters.parse(definition))


def _constant(node: object) -> bool:
    """Look through casts and collations; COALESCE and CASE are what they end in when nothing is set."""
    match node:
        case ast.A_Const():
            return not node.isnull
        case ast.TypeCast() | ast.CollateClause():
            return _constant(node.arg)
        case ast.CoalesceExpr():
            return any(_constant(each) for each in node.args or ())
        case ast.CaseExpr():
            ends = [when.result for when in node.args or () if isinstance(when, ast.CaseWhen)]
            return any(_constant(each) for each in (*ends, node.defresult))
        case ast.A_Expr():
            return all(_constant(each) for each in (node.lexpr, node.rexpr) if each is not None)
    return False
