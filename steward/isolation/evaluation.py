"""What an expression may come to for a row of one tenant in a session of another: one rule a kind of node."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce, singledispatch
from typing import TYPE_CHECKING, Any

from pglast import ast, enums

from steward.isolation import bodies, logic, moment
from steward.isolation.logic import PERHAPS, POSSIBLE
from steward.isolation.moment import Moment, Terms

if TYPE_CHECKING:
    from steward.isolation.logic import Value

__all__ = ["Moment", "Terms", "outcome"]

# Casts to these change no tenant; those of texts also take ''.
_TEXTS = frozenset({"text", "varchar", "bpchar"})
_EXACT = frozenset({"uuid", "int2", "int4", "int8", "numeric"})
_NAMES = frozenset({"name", "regrole"})
# To these '' cannot be cast.
_STRICT = _EXACT | {"bool", "date", "float4", "float8", "inet", "json", "jsonb", "oid", "timestamp", "timestamptz"}
_PLAIN_COLLATIONS = frozenset({"C", "POSIX", "default", "ucs_basic"})
_ORDERS = frozenset({"<", ">", "<=", ">="})
_PATTERNS = frozenset({"~~", "~~*", "~", "~*", "!~~", "!~~*", "!~", "!~*"})
# What these make of ''.
_OF_EMPTY = {
    **dict.fromkeys(("btrim", "ltrim", "rtrim", "lower", "upper"), ""),
    **dict.fromkeys(("length", "char_length", "character_length", "octet_length"), "0"),
}
_TESTS = {
    "IS_TRUE": (logic.TRUE, True),
    "IS_NOT_TRUE": (logic.TRUE, False),
    "IS_FALSE": (logic.FALSE, True),
    "IS_NOT_FALSE": (logic.FALSE, False),
    "IS_UNKNOWN": (logic.NULL, True),
    "IS_NOT_UNKNOWN": (logic.NULL, False),
}


def outcome(tree: object, at: Moment) -> Value:
    """Return what a condition may come to."""
    return logic.truths(_value(tree, at))


@singledispatch
def _value(node: object, at: Moment) -> Value:
    """Return what a part of the tree may come to; where there is no rule, anything."""
    return _opaque(node, at)


def _opaque(node: object, at: Moment) -> Value:
    return logic.unknown(PERHAPS if node is None or moment.tied(node, at) else POSSIBLE)


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
    if not moment.of_row(node, at):
        return {at.row: POSSIBLE} if names[-1:] == (at.terms.column,) else logic.unknown(PERHAPS)
    return logic.unknown(POSSIBLE, names[-1])


@_value.register(ast.ParamRef)
def _parameter(node: ast.ParamRef, at: Moment) -> Value:
    return (at.bound or {}).get(f"${node.number}", logic.unknown(PERHAPS))


@_value.register(ast.SQLValueFunction)
def _of_session(node: ast.SQLValueFunction, at: Moment) -> Value:
    if moment.of_user(node) and at.user:
        at.asked.append(at.user)
        return {logic.Atom("user" if at.apart else "constant", at.user): POSSIBLE}
    return logic.unknown(POSSIBLE if moment.of_clock(node) else PERHAPS)


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
    kind = name, modifiers = bodies.kind(node.typeName)
    held = _value(node.arg, at)
    # A domain or an enumeration may be the column's own type.
    own = bool(name) and kind in at.terms.types
    if (name in _STRICT or (own and at.terms.strict)) and logic.EMPTY in held:
        at.faults.append(name)
        held = logic.merged(*({logic.ERROR if atom == logic.EMPTY else atom: sure} for atom, sure in held.items()))
    if name == "bool":
        return logic.truths(held)
    if own or (name in _TEXTS | _EXACT and not modifiers):
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
    if name and name[-1] in _OF_EMPTY and moment.of_catalog(node, at) and len(node.args or ()) == 1:
        held = _value((node.args or ())[0], at)
        return logic.constant(_OF_EMPTY[name[-1]]) if set(held) == {logic.EMPTY} else _opaque(node, at)
    known = [body for body in moment.known(name, at) if len(body.parameters) >= len(node.args or ())]
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
    # Inside of a definer's function the user is its owner.
    user = "" if body.definer else at.user
    inner = replace(at, bound=bound, user=user)
    if not body.caught:
        return _value(body.returns, inner)
    return logic.rescued(
        _value(body.returns, replace(inner, faults=[])), *(_value(each, inner) for each in body.caught)
    )


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
    if any(each.kind == "user" for each in (*left, *right)):
        return logic.unknown(PERHAPS)
    made = {each.kind for each in right} == {"unknown"} and at.setting != logic.NULL
    if name in _PATTERNS and made and moment.tied(node.rexpr, at):
        # A pattern that is made of the setting matches more than the tenant it names.
        right = logic.merged(right, logic.constant("%"))
    found = logic.combined(lambda one, two: logic.settled(name, one, two) or logic.follows(one, two), left, right)
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
