"""The rows that a filter expression lets through, by its syntax tree."""

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

__all__ = [
    "STATES",
    "admits",
    "casts",
    "column_type",
    "filters_by",
    "mentions",
    "parse",
    "refuses_empty",
    "settings_read",
]

# The states of the setting in a session: set, never set, and reset after it was set.
STATES = {"set": three_valued.OWN, "unset": three_valued.NULL, "empty": three_valued.EMPTY}


@cache
def parse(expression: str) -> ast.Node | None:
    """Return the tree of an expression as pg_get_expr() prints it; None where it cannot be parsed."""
    return function_bodies.single_expression(next(iter(function_bodies.parse_statements(f"select {expression}")), None))


def filters_by(
    expression: str,
    column: str,
    setting: str,
    functions: tuple[FunctionBody, ...] = (),
    types: tuple[tuple[str, tuple[str, ...]], ...] = (),
) -> bool:
    """Return whether the expression lets through only rows whose ``column`` is the value of the setting.

    No row of another tenant and none without a tenant passes, in any state of the setting. The
    expression is text as pg_get_expr() prints it, the ``where`` of a view as well; ``functions`` are those it calls,
    ``types`` those of the column.
    """
    binding = TenantBinding(column, setting, types, functions)
    return not any(
        admits(expression, binding, state, row) for state in STATES for row in (three_valued.OTHER, three_valued.NULL)
    )


def admits(
    expression: str,
    binding: TenantBinding,
    state: str,
    row: three_valued.AbstractValue = three_valued.OTHER,
    user: str = "",
) -> int:
    """Return the certainty with which a row of another tenant, or of none, passes: NEVER, PERHAPS or POSSIBLE.

    Where no setting names the session's tenant, the name of the user may.
    """
    at = SessionContext(binding, STATES[state], row, user)
    certainty = three_valued.certainty_of(outcome(parse(expression), at))
    if certainty or not at.users_read or not binding.setting:
        return certainty
    return min(
        three_valued.PERHAPS, three_valued.certainty_of(outcome(parse(expression), replace(at, user_is_own=False)))
    )


def refuses_empty(checks: Iterable[Sequence[str]]) -> bool:
    """Return whether a check constraint refuses ''; ``checks`` are pairs of a column and a condition on it."""
    rows = ((parse(text), SessionContext(TenantBinding(column, ""), row=three_valued.EMPTY)) for column, text in checks)
    return any(set(outcome(tree, at)) <= {three_valued.FALSE, three_valued.ERROR} for tree, at in rows)


def casts(expression: str, binding: TenantBinding) -> tuple[str, ...]:
    """Return the types that a reset setting, which is '', is cast to: each cast is an error."""
    at = SessionContext(binding, three_valued.EMPTY)
    outcome(parse(expression), at)
    return tuple(dict.fromkeys(at.empty_casts))


def settings_read(expression: str, binding: TenantBinding) -> frozenset[str]:
    """Return the settings that the expression reads, itself and through the functions that it calls."""
    tree = parse(expression)
    called = {
        function_bodies.name_parts(node.funcname)
        for node in function_bodies.nodes(tree)
        if isinstance(node, ast.FuncCall)
    }
    inner = (body.reads for body in binding.functions for name in called if body.name[-len(name) :] == name)
    return function_bodies.setting_names([tree], "current_setting").union(*inner)


def mentions(expression: str, column: str) -> bool:
    """Return whether the expression names the column."""
    references = (node for node in function_bodies.nodes(parse(expression)) if isinstance(node, ast.ColumnRef))
    return any(function_bodies.name_parts(node.fields)[-1:] == (column,) for node in references)


@cache
def column_type(name: str) -> tuple[str, tuple[str, ...]]:
    """Return a type, as format_type() prints it, in the form of ``TenantBinding.types``."""
    tree = parse(f"null::{name}")
    return function_bodies.type_name(tree.typeName) if isinstance(tree, ast.TypeCast) else ("", ())
