"""By what an expression is judged: the column and the setting, a session and a row, and what hangs on either."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pglast import ast

from steward.isolation.analysis import function_bodies, three_valued

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steward.isolation.analysis.function_bodies import FunctionBody
    from steward.isolation.analysis.three_valued import AbstractValue, Value

__all__ = ["SessionContext", "TenantBinding", "known", "of_catalog", "of_clock", "of_row", "of_user", "tied"]

# Functions of the catalog that speak of the session and not of the row.
_SESSION = ("pg_", "has_", "inet_", "current_", "session_", "txid_", "row_security_active")
_USERS = frozenset({"SVFOP_CURRENT_USER", "SVFOP_CURRENT_ROLE", "SVFOP_USER"})


@dataclass(frozen=True)
class TenantBinding:
    """By what is judged: the tenant column and its types, the setting ("": any), the functions that may be called.

    ``strict``: '' is no value of these types.
    """

    column: str
    setting: str
    types: tuple[tuple[str, tuple[str, ...]], ...] = ()
    functions: tuple[FunctionBody, ...] = ()
    strict: bool = False


@dataclass(frozen=True)
class SessionContext:
    """A session's setting and user ("": unknown), and a row's tenant; ``bound``: the arguments, inside a function.

    ``apart``: no tenant but the session's has the user's name. ``faults`` collects types that '' was cast to, ``asked``
    the user's name wherever it was asked for.
    """

    terms: TenantBinding
    setting: AbstractValue = three_valued.OWN
    row: AbstractValue = three_valued.OTHER
    user: str = ""
    apart: bool = True
    bound: Mapping[str, Value] | None = None
    faults: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def tied(tree: object, at: SessionContext) -> bool:
    """Tell whether something hangs on the tenant, the session, or what cannot be looked into."""
    return any(
        isinstance(node, ast.ParamRef | ast.SubLink)
        or (isinstance(node, ast.SQLValueFunction) and not of_clock(node))
        or (isinstance(node, ast.ColumnRef) and (at.bound is not None or not of_row(node, at)))
        or (isinstance(node, ast.FuncCall) and not of_catalog(node, at))
        for node in function_bodies.nodes(tree)
    )


def of_row(node: ast.ColumnRef, at: SessionContext) -> bool:
    """Tell whether something is a column of the row, and not its tenant."""
    names = function_bodies.named(node.fields)
    return len(names) == len(node.fields or ()) and names[-1] != at.terms.column


def of_user(node: ast.SQLValueFunction) -> bool:
    """Tell whether something is the name of the current user."""
    return node.op is not None and node.op.name in _USERS


def of_clock(node: ast.SQLValueFunction) -> bool:
    """Tell whether something is the time of day, or the date."""
    return node.op is not None and ("DATE" in node.op.name or "TIME" in node.op.name)


def known(name: tuple[str, ...], at: SessionContext) -> list[FunctionBody]:
    """Return the functions of a name, which may leave out their schema."""
    return [body for body in at.terms.functions if body.name[-len(name) :] == name]


def of_catalog(node: ast.FuncCall, at: SessionContext) -> bool:
    """Tell whether a function is the catalog's and says nothing of the session.

    Of policies all others are known, or printed with their schema; what a function calls is as somebody wrote it.
    """
    name = function_bodies.named(node.funcname)
    own = name[0] == "pg_catalog" or (len(name) == 1 and at.bound is None)
    return own and not name[-1].startswith(_SESSION) and not known(name, at)
