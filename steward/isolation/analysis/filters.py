"""What an expression lets through, told from its syntax tree; where it cannot be told, that may be anything."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from pglast import ast

from steward.isolation.analysis import function_bodies, three_valued
from steward.isolation.analysis.evaluate import SessionContext, TenantBinding, outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from steward.isolation.analysis.function_bodies import FunctionBody

__all__ = ["STATES", "admits", "casts", "column_type", "filters_by", "mentions", "parse", "reads", "refuses_empty"]

# In which the setting may be found: set, never set in this session, and set once but reset since.
STATES = {"set": three_valued.OWN, "unset": three_valued.NULL, "empty": three_valued.EMPTY}


@cache
def parse(expression: str) -> ast.Node | None:
    """Return the tree of an expression as pg_get_expr() prints it; None where it cannot be read."""
    return function_bodies.find(next(iter(function_bodies.parsed(f"select {expression}")), None))


def filters_by(
    expression: str,
    column: str,
    setting: str,
    functions: tuple[FunctionBody, ...] = (),
    types: tuple[tuple[str, tuple[str, ...]], ...] = (),
) -> bool:
    """Tell whether the expression lets through no row but those whose ``column`` is what the setting says.

    That is none of another tenant and none without a tenant, whether the setting is set, reset or was never set. The
    expression is text as pg_get_expr() prints it, the ``where`` of a view as well; ``functions`` are those it calls,
    ``types`` those of the column.
    """
    terms = TenantBinding(column, setting, types, functions)
    return not any(
        admits(expression, terms, state, row) for state in STATES for row in (three_valued.OTHER, three_valued.NULL)
    )


def admits(
    expression: str,
    terms: TenantBinding,
    state: str,
    row: three_valued.AbstractValue = three_valued.OTHER,
    user: str = "",
) -> int:
    """Tell how surely a row passes, of another tenant than the session's or of none: 0 is never (see ``logic``).

    Where no setting names the session's tenant, the user may be what does.
    """
    at = SessionContext(terms, STATES[state], row, user)
    sure = three_valued.level(outcome(parse(expression), at))
    if sure or not at.asked or not terms.setting:
        return sure
    return min(three_valued.PERHAPS, three_valued.level(outcome(parse(expression), replace(at, apart=False))))


def refuses_empty(checks: Iterable[Sequence[str]]) -> bool:
    """Tell whether one of the conditions that all rows meet keeps '' out, each with the column that it is about."""
    rows = ((parse(text), SessionContext(TenantBinding(column, ""), row=three_valued.EMPTY)) for column, text in checks)
    return any(set(outcome(tree, at)) <= {three_valued.FALSE, three_valued.ERROR} for tree, at in rows)


def casts(expression: str, terms: TenantBinding) -> tuple[str, ...]:
    """Return the types that a reset setting, which is '', is cast to: each cast is an error."""
    at = SessionContext(terms, three_valued.EMPTY)
    outcome(parse(expression), at)
    return tuple(dict.fromkeys(at.faults))


def reads(expression: str, terms: TenantBinding) -> frozenset[str]:
    """Return the settings that the expression reads, itself and through the functions that it calls."""
    tree = parse(expression)
    called = {
        function_bodies.named(node.funcname) for node in function_bodies.nodes(tree) if isinstance(node, ast.FuncCall)
    }
    inner = (body.reads for body in terms.functions for name in called if body.name[-len(name) :] == name)
    return function_bodies.settings([tree], "current_setting").union(*inner)


def mentions(expression: str, column: str) -> bool:
    """Tell whether the expression looks at the column."""
    references = (node for node in function_bodies.nodes(parse(expression)) if isinstance(node, ast.ColumnRef))
    return any(function_bodies.named(node.fields)[-1:] == (column,) for node in references)


@cache
def column_type(name: str) -> tuple[str, tuple[str, ...]]:
    """Return a type as format_type() prints it, as ``TenantBinding`` have it."""
    tree = parse(f"null::{name}")
    return function_bodies.kind(tree.typeName) if isinstance(tree, ast.TypeCast) else ("", ())
