"""What an expression may come to for a row of one tenant in a session of another: one rule a kind of node."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce, singledispatch
from typing import TYPE_CHECKING, Any

from pglast import ast, enums

from steward.isolation import bodies, logic
from steward.isolation.logic import PERHAPS, POSSIBLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steward.isolation.bodies import Body
    from steward.isolation.logic import Atom, Value

__all__ = ["Moment", "Terms", "outcome"]

# Casts to these change no tenant; those of texts also take ''.
_TEXTS = frozenset({"text", "varchar", "bpchar"})
_EXACT = frozenset({"uuid", "int2", "int4", "int8", "numeric"})
_NAMES = frozenset({"name", "regrole"})
# Functions of the catalog that speak of the session and not of the row.
_SESSION = ("pg_", "has_", "inet_", "current_", "session_", "txid_", "row_security_active")
_PLAIN_COLLATIONS = frozenset({"C", "POSIX", "default", "ucs_basic"})
_USERS = frozenset({"SVFOP_CURRENT_USER", "SVFOP_CURRENT_ROLE", "SVFOP_USER"})
_ORDERS = frozenset({"<", ">", "<=", ">="})
_PATTERNS = frozenset({"~~", "~~*", "~", "~*", "!~~", "!~~*", "!~", "!~*"})
_TESTS = {
    "IS_TRUE": (logic.TRUE, True),
    "IS_NOT_TRUE": (logic.TRUE, False),
    "IS_FALSE": (logic.FALSE, True),
    "IS_NOT_FALSE": (logic.FALSE, False),
    "IS_UNKNOWN": (logic.NULL, True),
    "IS_NOT_UNKNOWN": (logic.NULL, False),
}


@dataclass(frozen=True)
class Terms:
    """By what is judged: the tenant column and its type, the setting ("": any), the functions that may be called."""

    column: str
    setting: str
    type: tuple[str, tuple[str, ...]] = ("", ())
    functions: tuple[Body, ...] = ()


@dataclass(frozen=True)
class Moment:
    """A session's setting and user, and a row's tenant; ``faults`` collects types that '' was cast to.

    ``bound``: the arguments, inside a function.
    """

    terms: Terms
    setting: Atom = logic.OWN
    row: Atom = logic.OTHER
    user: str = ""
    bound: Mapping[str, Value] | None = None
    faults: list[str] = field(default_factory=list)


def outcome(tree: object, at: Moment) -> Value:
    """Return what a condition may come to."""
    return logic.truths(_value(tree, at))


def _tied(tree: object, at: Moment) -> bool:
    """Tell whether something hangs on the tenant, the session, or what cannot be looked into."""
    return any(
        isinstance(node, ast.ParamRef | ast.SubLink)
        or (isinstance(node, ast.ColumnRef) and (at.bound is not None or not _other_column(node, at)))
        or (isinstance(node, ast.FuncCall) and not _of_catalog(node, at))
        for node in bodies.nodes(tree)
    )


def _other_column(node: ast.ColumnRef, at: Moment) -> bool:
    names = bodies.named(node.fields)
    return len(names) == len(node.fields or ()) and names[-1] != at.terms.column


def _of_catalog(node: ast.FuncCall, at: Moment) -> bool:
    """Tell whether a function is the catalog's and says nothing of the session."""
    name = bodies.named(node.funcname)
    own = len(name) == 1 or name[0] == "pg_catalog"
    return own and not name[-1].startswith(_SESSION) and not _known(name, at)


def _known(name: tuple[str, ...], at: Moment) -> list[Body]:
    return [body for body in at.terms.functions if body.name[-len(name) :] == name]


@singledispatch
def _value(node: object, at: Moment) -> Value:
    """Return what a part of the tree may come to; where there is no rule, anything."""
    return _opaque(node, at)


def _opaque(node: object, at: Moment) -> Value:
    return logic.unknown(PERHAPS if node is None or _tied(node, at) else POSSIBLE)


@_value.register(ast.A_Const)
def _constant(node: ast.A_Const, at: Moment) -> Value:
    del at
    held: Any = node.val
    if node.isnull or held is None:
        return {logic.NULL: POSSIBLE}
    if isinstance(held, ast.Boolean):
        return {logic.TRUE if held.boolval else logic.FALSE: POSSIBLE}
    if isinstance(held, ast.Integer):
        return logic.constant(str(held.ival or 0))
    return logic.constant(str(getattr(held, "sval", None) or getattr(held, "fval", None) or ""))


@_value.register(ast.ColumnRef)
def _column(node: ast.ColumnRef, at: Moment) -> Value:
    names = bodies.named(node.fields)
    if at.bound is not None:
        return at.bound.get(names[-1], logic.unknown(PERHAPS)) if names else logic.unknown(PERHAPS)
    if not _other_column(node, at):
        return {at.row: POSSIBLE} if names[-1:] == (at.terms.column,) else logic.unknown(PERHAPS)
    return logic.unknown(POSSIBLE, names[-1])


@_value.register(ast.ParamRef)
def _parameter(node: ast.ParamRef, at: Moment) -> Value:
    return (at.bound or {}).get(f"${node.number}", logic.unknown(PERHAPS))


@_value.register(ast.SQLValueFunction)
def _of_session(node: ast.SQLValueFunction, at: Moment) -> Value:
    name = node.op.name if node.op is not None else ""
    if name in _USERS and at.user:
        return logic.constant(at.user)
    return logic.unknown(POSSIBLE if "DATE" in name or "TIME" in name else PERHAPS)


@_value.register(ast.BoolExpr)
def _logical(node: ast.BoolExpr, at: Moment) -> Value:
    values = [_value(part, at) for part in node.args or ()]
    if node.boolop == enums.BoolExprType.NOT_EXPR:
        return logic.negated(values[0])
    return reduce(logic.both if node.boolop == enums.BoolExprType.AND_EXPR else logic.either, values)


@_value.register(ast.NullTest)
def _null(node: ast.NullTest, at: Moment) -> Value:
    found = logic.combined(logic.absent, _value(node.arg, at))
    return found if node.nulltesttype == enums.NullTestType.IS_NULL else logic.negated(found)


@_value.register(ast.BooleanTest)
def _tested(node: ast.BooleanTest, at: Moment) -> Value:
    wanted, asked = _TESTS[node.booltesttype.name if node.booltesttype is not None else "IS_TRUE"]
    return logic.combined(lambda atom: logic.told((atom == wanted) is asked), outcome(node.arg, at))


@_value.register(ast.CoalesceExpr)
def _coalesce(node: ast.CoalesceExpr, at: Moment) -> Value:
    found: Value = {}
    left = POSSIBLE
    for part in node.args or ():
        held = logic.limited(_value(part, at), left)
        found = logic.merged(found, {atom: sure for atom, sure in held.items() if atom != logic.NULL})
        left = max((sure for atom, sure in held.items() if atom.kind in {"null", "unknown"}), default=0)
        if not left:
            return found
    return logic.merged(found, {logic.NULL: left})


@_value.register(ast.CaseExpr)
def _case(node: ast.CaseExpr, at: Moment) -> Value:
    found: Value = {}
    left = POSSIBLE
    compared = _value(node.arg, at) if node.arg else None
    for when in node.args or ():
        held = _value(when.expr, at)
        met = logic.truths(held) if compared is None else logic.equal(compared, held)
        # A branch that is never taken is not judged: its casts never fail.
        if sure := min(left, logic.level(met)):
            found = logic.merged(found, logic.limited(_value(when.result, at), sure))
        left = min(left, max((sure for atom, sure in met.items() if atom != logic.TRUE), default=0))
        if not left:
            return found
    default = _value(node.defresult, at) if node.defresult else {logic.NULL: POSSIBLE}
    return logic.merged(found, logic.limited(default, left))


@_value.register(ast.TypeCast)
def _cast(node: ast.TypeCast, at: Moment) -> Value:
    name, modifiers = bodies.kind(node.typeName)
    held = _value(node.arg, at)
    if name == "bool":
        return logic.truths(held)
    if name in _EXACT and logic.EMPTY in held:
        at.faults.append(name)
        held = logic.merged(*({logic.ERROR if atom == logic.EMPTY else atom: sure} for atom, sure in held.items()))
    if name in _TEXTS | _EXACT and (not modifiers or (name, modifiers) == at.terms.type):
        return held
    if {logic.OWN, logic.OTHER} & set(held):
        return logic.unknown(PERHAPS)
    return held if name in _NAMES else logic.combined(logic.altered, held)


@_value.register(ast.CollateClause)
def _collated(node: ast.CollateClause, at: Moment) -> Value:
    plain = set(bodies.named(node.collname)[-1:]) <= _PLAIN_COLLATIONS
    return _value(node.arg, at) if plain else _opaque(node, at)


@_value.register(ast.SubLink)
def _sublink(node: ast.SubLink, at: Moment) -> Value:
    alone = bodies.find(node.subselect)
    if alone is None:
        return logic.unknown(PERHAPS)
    if node.subLinkType == enums.SubLinkType.EXISTS_SUBLINK:
        return {logic.TRUE: POSSIBLE}
    return _value(alone, at) if node.subLinkType == enums.SubLinkType.EXPR_SUBLINK else logic.unknown(PERHAPS)


@_value.register(ast.FuncCall)
def _call(node: ast.FuncCall, at: Moment) -> Value:
    name = bodies.named(node.funcname)
    if name in {("current_setting",), ("pg_catalog", "current_setting")}:
        return _setting(node, at)
    known = [body for body in _known(name, at) if len(body.parameters) >= len(node.args or ())]
    body = known[0] if len(known) == 1 else None
    # One level deep: what a function calls in its turn is not looked into.
    if body is None or body.returns is None or at.bound is not None:
        return _opaque(node, at)
    values = [_value(part, at) for part in node.args or ()]
    if body.strict and {logic.NULL: POSSIBLE} in values:
        return {logic.NULL: POSSIBLE}
    bound = {f"${number}": each for number, each in enumerate(values, 1)} | dict(
        zip(body.parameters, values, strict=False)
    )
    inner = replace(at, bound=bound, faults=[] if body.forgiving else at.faults)
    return _value(body.returns, inner)


def _setting(node: ast.FuncCall, at: Moment) -> Value:
    name, *more = node.args or (None,)
    told = bodies.text(name)
    if told is None:
        return logic.unknown(PERHAPS)
    if at.terms.setting and told.lower() != at.terms.setting.lower():
        return logic.unknown(PERHAPS, f"setting {told.lower()}")
    lenient = bool(more) and logic.level(_value(more[0], at)) > 0
    return {logic.ERROR if at.setting == logic.NULL and not lenient else at.setting: POSSIBLE}


@_value.register(ast.A_Expr)
def _operation(node: ast.A_Expr, at: Moment) -> Value:
    names = bodies.named(node.name)
    how = node.kind.name if node.kind is not None else ""
    if (len(names) > 1 and names[0] != "pg_catalog") or node.lexpr is None:
        return _opaque(node, at)
    if how in {"AEXPR_OP_ANY", "AEXPR_OP_ALL", "AEXPR_IN"}:
        return _listed(node, names[-1], at)
    rules = {"AEXPR_DISTINCT": logic.distinct, "AEXPR_NOT_DISTINCT": logic.distinct, "AEXPR_NULLIF": logic.unless}
    if rule := rules.get(how):
        found = logic.combined(rule, _value(node.lexpr, at), _value(node.rexpr, at))
        return logic.negated(found) if how == "AEXPR_NOT_DISTINCT" else found
    return _compared(node, names[-1], at) if how in {"AEXPR_OP", "AEXPR_LIKE", "AEXPR_ILIKE"} else _opaque(node, at)


def _compared(node: ast.A_Expr, name: str, at: Moment) -> Value:
    left, right = _value(node.lexpr, at), _value(node.rexpr, at)
    if name in {"=", "<>"}:
        found = logic.equal(left, right)
        return found if name == "=" else logic.negated(found)
    if name not in _ORDERS | _PATTERNS:
        return _opaque(node, at)
    made = {each.kind for each in right} == {"unknown"} and at.setting != logic.NULL
    if name in _PATTERNS and made and _tied(node.rexpr, at):
        # A pattern that is made of the setting matches more than the tenant it names.
        right = logic.merged(right, logic.constant("%"))
    found = logic.combined(logic.follows, left, right)
    return logic.negated(found) if name.startswith("!") else found


def _listed(node: ast.A_Expr, name: str, at: Moment) -> Value:
    """Return ``x = any (array[…])``, ``x <> all (array[…])``, ``x in (…)``, or the other way round."""
    array: Any = node.rexpr
    while isinstance(array, ast.TypeCast):
        array = array.arg
    elements = array if isinstance(array, tuple) else getattr(array, "elements", None)
    if not elements or name not in {"=", "<>"} or isinstance(array, ast.SelectStmt):
        return _opaque(node, at)
    left = _value(node.lexpr, at)
    each = [logic.equal(left, _value(element, at)) for element in elements]
    each = each if name == "=" else [logic.negated(found) for found in each]
    every = node.kind == enums.A_Expr_Kind.AEXPR_OP_ALL or (node.kind == enums.A_Expr_Kind.AEXPR_IN and name == "<>")
    return reduce(logic.both if every else logic.either, each)
