"""The context in which a policy expression is evaluated: tenant column, setting, session and row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pglast import ast

from steward.isolation.analysis import function_bodies, three_valued

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steward.isolation.analysis.function_bodies import FunctionBody
    from steward.isolation.analysis.three_valued import AbstractValue, Value

__all__ = [
    "SessionContext",
    "TenantBinding",
    "functions_named",
    "is_catalog_function",
    "is_clock",
    "is_current_user",
    "is_row_column",
    "may_depend_on_tenant",
]

# Functions of the catalog whose result depends on the session.
_SESSION = ("pg_", "has_", "inet_", "current_", "session_", "txid_", "row_security_active")
_USERS = frozenset({"SVFOP_CURRENT_USER", "SVFOP_CURRENT_ROLE", "SVFOP_USER"})


@dataclass(frozen=True)
class TenantBinding:
    """The tenant column with its types, the setting ("": any), and the functions that an expression may call.

    ``strict``: '' is no value of these types.
    """

    column: str
    setting: str
    types: tuple[tuple[str, tuple[str, ...]], ...] = ()
    functions: tuple[FunctionBody, ...] = ()
    strict: bool = False


@dataclass(frozen=True)
class SessionContext:
    """A session's setting and user ("": unknown), and a row's tenant; ``arguments``: those of a function, inside it.

    ``user_is_own``: no tenant but the session's has the user's name. The evaluation collects the types that '' was cast
    to in ``empty_casts``, and the user's name, where the expression reads it, in ``users_read``.
    """

    binding: TenantBinding
    setting: AbstractValue = three_valued.OWN
    row: AbstractValue = three_valued.OTHER
    user: str = ""
    user_is_own: bool = True
    arguments: Mapping[str, Value] | None = None
    empty_casts: list[str] = field(default_factory=list)
    users_read: list[str] = field(default_factory=list)


def may_depend_on_tenant(tree: object, at: SessionContext) -> bool:
    """Return whether a value may depend on the tenant or the session, or cannot be analysed."""
    return any(
        isinstance(node, ast.ParamRef | ast.SubLink)
        or (isinstance(node, ast.SQLValueFunction) and not is_clock(node))
        or (isinstance(node, ast.ColumnRef) and (at.arguments is not None or not is_row_column(node, at)))
        or (isinstance(node, ast.FuncCall) and not is_catalog_function(node, at))
        for node in function_bodies.nodes(tree)
    )


def is_row_column(node: ast.ColumnRef, at: SessionContext) -> bool:
    """Return whether a node is a column of the row other than its tenant."""
    names = function_bodies.name_parts(node.fields)
    return len(names) == len(node.fields or ()) and names[-1] != at.binding.column


def is_current_user(node: ast.SQLValueFunction) -> bool:
    """Return whether a node is the name of the current user."""
    return node.op is not None and node.op.name in _USERS


def is_clock(node: ast.SQLValueFunction) -> bool:
    """Return whether a node is the time of day or the date."""
    return node.op is not None and ("DATE" in node.op.name or "TIME" in node.op.name)


def functions_named(name: tuple[str, ...], at: SessionContext) -> list[FunctionBody]:
    """Return the functions with a name, which may leave out the schema."""
    return [body for body in at.binding.functions if body.name[-len(name) :] == name]


def is_catalog_function(node: ast.FuncCall, at: SessionContext) -> bool:
    """Return whether a function is the catalog's and does not depend on the session.

    In policies all other functions are known or printed with their schema; inside a function a call is as written.
    """
    name = function_bodies.name_parts(node.funcname)
    own = name[0] == "pg_catalog" or (len(name) == 1 and at.arguments is None)
    return own and not name[-1].startswith(_SESSION) and not functions_named(name, at)
