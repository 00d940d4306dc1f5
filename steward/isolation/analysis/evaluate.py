"""The outcomes of an expression for a row of one tenant in a session of another: one rule for each kind of node."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce, singledispatch
from typing import TYPE_CHECKING, Any

from pglast import ast, enums

from steward.isolation.analysis import context, function_bodies, three_valued
from steward.isolation.analysis.context import SessionContext, TenantBinding
from steward.isolation.analysis.three_valued import PERHAPS, POSSIBLE

if TYPE_CHECKING:
    from steward.isolation.analysis.three_valued import Value

__all__ = ["SessionContext", "TenantBinding", "outcome"]

# A cast to these types keeps the tenant; texts may also be ''.
_TEXTS = frozenset({"text", "varchar", "bpchar"})
_EXACT = frozenset({"uuid", "int2", "int4", "int8", "numeric"})
_NAMES = frozenset({"name", "regrole"})
# A cast of '' to these types fails.
_STRICT = _EXACT | {"bool", "date", "float4", "float8", "inet", "json", "jsonb", "oid", "timestamp", "timestamptz"}
_PLAIN_COLLATIONS = frozenset({"C", "POSIX", "default", "ucs_basic"})
_ORDERS = frozenset({"<", ">", "<=", ">="})
_PATTERNS = frozenset({"~~", "~~*", "~", "~*", "!~~", "!~~*", "!~", "!~*"})
# The results of these functions for ''.
_OF_EMPTY = {
    **dict.fromkeys(("btrim", "ltrim", "rtrim", "lower", "upper"), ""),
    **dict.fromkeys(("length", "char_length", "character_length", "octet_length"), "0"),
}
_TESTS = {
    "IS_TRUE": (three_valued.TRUE, True),
    "IS_NOT_TRUE": (three_valued.TRUE, False),
    "IS_FALSE": (three_valued.FALSE, True),
    "IS_NOT_FALSE": (three_valued.FALSE, False),
    "IS_UNKNOWN": (three_valued.NULL, True),
    "IS_NOT_UNKNOWN": (three_valued.NULL, False),
}


def outcome(tree: object, at: SessionContext) -> Value:
    """Return the possible outcomes of a condition."""
    return three_valued.as_condition(_value(tree, at))


@singledispatch
def _value(node: object, at: SessionContext) -> Value:
    """Return the possible values of a node; any value where there is no rule for it."""
    return _opaque(node, at)


def _opaque(node: object, at: SessionContext) -> Value:
    return three_valued.unknown(PERHAPS if node is None or context.may_depend_on_tenant(node, at) else POSSIBLE)


@_value.register(ast.A_Const)
def _constant(node: ast.A_Const, at: SessionContext) -> Value:
    del at
    literal: Any = node.val
    if node.isnull or literal is None:
        return {three_valued.NULL: POSSIBLE}
    if isinstance(literal, ast.Boolean):
        return {three_valued.TRUE if literal.boolval else three_valued.FALSE: POSSIBLE}
    if isinstance(literal, ast.Integer):
        return three_valued.constant(str(literal.ival or 0))
    return three_valued.constant(str(getattr(literal, "sval", None) or getattr(literal, "fval", None) or ""))


@_value.register(ast.ColumnRef)
def _column(node: ast.ColumnRef, at: SessionContext) -> Value:
    names = function_bodies.name_parts(node.fields)
    if at.arguments is not None:
        return at.arguments.get(names[-1], three_valued.unknown(PERHAPS)) if names else three_valued.unknown(PERHAPS)
    if not context.is_row_column(node, at):
        return {at.row: POSSIBLE} if names[-1:] == (at.binding.column,) else three_valued.unknown(PERHAPS)
    return three_valued.unknown(POSSIBLE, names[-1])


@_value.register(ast.ParamRef)
def _parameter(node: ast.ParamRef, at: SessionContext) -> Value:
    return (at.arguments or {}).get(f"${node.number}", three_valued.unknown(PERHAPS))


@_value.register(ast.SQLValueFunction)
def _of_session(node: ast.SQLValueFunction, at: SessionContext) -> Value:
    if context.is_current_user(node) and at.user:
        at.users_read.append(at.user)
        return {three_valued.AbstractValue("user" if at.user_is_own else "constant", at.user): POSSIBLE}
    return three_valued.unknown(POSSIBLE if context.is_clock(node) else PERHAPS)


@_value.register(ast.BoolExpr)
def _logical(node: ast.BoolExpr, at: SessionContext) -> Value:
    values = [_value(part, at) for part in node.args or ()]
    if node.boolop == enums.BoolExprType.NOT_EXPR:
        return three_valued.negation(values[0])
    return reduce(
        three_valued.conjunction if node.boolop == enums.BoolExprType.AND_EXPR else three_valued.disjunction, values
    )


@_value.register(ast.NullTest)
def _null(node: ast.NullTest, at: SessionContext) -> Value:
    found = three_valued.combined(three_valued.is_null, _value(node.arg, at))
    return found if node.nulltesttype == enums.NullTestType.IS_NULL else three_valued.negation(found)


@_value.register(ast.BooleanTest)
def _tested(node: ast.BooleanTest, at: SessionContext) -> Value:
    wanted, expected = _TESTS[node.booltesttype.name if node.booltesttype is not None else "IS_TRUE"]
    return three_valued.combined(
        lambda atom: three_valued.truth_of((atom == wanted) is expected), outcome(node.arg, at)
    )


@_value.register(ast.CoalesceExpr)
def _coalesce(node: ast.CoalesceExpr, at: SessionContext) -> Value:
    found: Value = {}
    left = POSSIBLE
    for part in node.args or ():
        value = three_valued.limited(_value(part, at), left)
        found = three_valued.merged(
            found, {atom: certainty for atom, certainty in value.items() if atom != three_valued.NULL}
        )
        left = max((certainty for atom, certainty in value.items() if atom.kind in {"null", "unknown"}), default=0)
        if not left:
            return found
    return three_valued.merged(found, {three_valued.NULL: left})


@_value.register(ast.CaseExpr)
def _case(node: ast.CaseExpr, at: SessionContext) -> Value:
    found: Value = {}
    left = POSSIBLE
    compared = _value(node.arg, at) if node.arg else None
    for when in node.args or ():
        value = _value(when.expr, at)
        condition = three_valued.as_condition(value) if compared is None else three_valued.equal(compared, value)
        # A branch that is never taken is not evaluated: its casts never fail.
        if certainty := min(left, three_valued.certainty_of(condition)):
            found = three_valued.merged(found, three_valued.limited(_value(when.result, at), certainty))
        left = min(
            left, max((certainty for atom, certainty in condition.items() if atom != three_valued.TRUE), default=0)
        )
        if not left:
            return found
    default = _value(node.defresult, at) if node.defresult else {three_valued.NULL: POSSIBLE}
    return three_valued.merged(found, three_valued.limited(default, left))


@_value.register(ast.TypeCast)
def _cast(node: ast.TypeCast, at: SessionContext) -> Value:
    kind = name, modifiers = function_bodies.type_name(node.typeName)
    value = _value(node.arg, at)
    # A domain or an enumeration may be the column's own type.
    own = bool(name) and kind in at.binding.types
    if (name in _STRICT or (own and at.binding.strict)) and three_valued.EMPTY in value:
        at.empty_casts.append(name)
        value = three_valued.merged(
            *(
                {three_valued.ERROR if atom == three_valued.EMPTY else atom: certainty}
                for atom, certainty in value.items()
            )
        )
    if name == "bool":
        return three_valued.as_condition(value)
    if own or (name in _TEXTS | _EXACT and not modifiers):
        return value
    if {three_valued.OWN, three_valued.OTHER} & set(value):
        return three_valued.unknown(PERHAPS)
    return value if name in _NAMES else three_valued.combined(three_valued.strict_result, value)


@_value.register(ast.CollateClause)
def _collated(node: ast.CollateClause, at: SessionContext) -> Value:
    plain = set(function_bodies.name_parts(node.collname)[-1:]) <= _PLAIN_COLLATIONS
    return _value(node.arg, at) if plain else _opaque(node, at)


@_value.register(ast.SubLink)
def _sublink(node: ast.SubLink, at: SessionContext) -> Value:
    alone = function_bodies.single_expression(node.subselect)
    if alone is None:
        return three_valued.unknown(PERHAPS)
    if node.subLinkType == enums.SubLinkType.EXISTS_SUBLINK:
        return {three_valued.TRUE: POSSIBLE}
    return _value(alone, at) if node.subLinkType == enums.SubLinkType.EXPR_SUBLINK else three_valued.unknown(PERHAPS)


@_value.register(ast.FuncCall)
def _call(node: ast.FuncCall, at: SessionContext) -> Value:
    name = function_bodies.name_parts(node.funcname)
    if name in {("current_setting",), ("pg_catalog", "current_setting")}:
        return _setting(node, at)
    if name and name[-1] in _OF_EMPTY and context.is_catalog_function(node, at) and len(node.args or ()) == 1:
        argument = _value((node.args or ())[0], at)
        return (
            three_valued.constant(_OF_EMPTY[name[-1]]) if set(argument) == {three_valued.EMPTY} else _opaque(node, at)
        )
    known = [body for body in context.functions_named(name, at) if len(body.parameters) >= len(node.args or ())]
    body = known[0] if len(known) == 1 else None
    # One level deep: the functions that a function calls are not analysed.
    if body is None or body.returns is None or at.arguments is not None:
        return _opaque(node, at)
    values = [_value(part, at) for part in node.args or ()]
    if body.strict and {three_valued.NULL: POSSIBLE} in values:
        return {three_valued.NULL: POSSIBLE}
    bound = {f"${number}": argument for number, argument in enumerate(values, 1)} | dict(
        zip(body.parameters, values, strict=False)
    )
    # Inside a SECURITY DEFINER function the user is its owner.
    user = "" if body.definer else at.user
    inner = replace(at, arguments=bound, user=user)
    if not body.caught:
        return _value(body.returns, inner)
    return three_valued.with_handlers(
        _value(body.returns, replace(inner, empty_casts=[])), *(_value(handler, inner) for handler in body.caught)
    )


def _setting(node: ast.FuncCall, at: SessionContext) -> Value:
    name, *more = node.args or (None,)
    setting = function_bodies.constant_text(name)
    if setting is None:
        return three_valued.unknown(PERHAPS)
    if at.binding.setting and setting.lower() != at.binding.setting.lower():
        return three_valued.unknown(PERHAPS, f"setting {setting.lower()}")
    lenient = bool(more) and three_valued.certainty_of(_value(more[0], at)) > 0
    return {three_valued.ERROR if at.setting == three_valued.NULL and not lenient else at.setting: POSSIBLE}


@_value.register(ast.A_Expr)
def _operation(node: ast.A_Expr, at: SessionContext) -> Value:
    names = function_bodies.name_parts(node.name)
    how = node.kind.name if node.kind is not None else ""
    if (len(names) > 1 and names[0] != "pg_catalog") or node.lexpr is None:
        return _opaque(node, at)
    if how in {"AEXPR_OP_ANY", "AEXPR_OP_ALL", "AEXPR_IN"}:
        return _listed(node, names[-1], at)
    rules = {
        "AEXPR_DISTINCT": three_valued.is_distinct,
        "AEXPR_NOT_DISTINCT": three_valued.is_distinct,
        "AEXPR_NULLIF": three_valued.null_if,
    }
    if rule := rules.get(how):
        found = three_valued.combined(rule, _value(node.lexpr, at), _value(node.rexpr, at))
        return three_valued.negation(found) if how == "AEXPR_NOT_DISTINCT" else found
    return _compared(node, names[-1], at) if how in {"AEXPR_OP", "AEXPR_LIKE", "AEXPR_ILIKE"} else _opaque(node, at)


def _compared(node: ast.A_Expr, name: str, at: SessionContext) -> Value:
    left, right = _value(node.lexpr, at), _value(node.rexpr, at)
    if name in {"=", "<>"}:
        found = three_valued.equal(left, right)
        return found if name == "=" else three_valued.negation(found)
    if name not in _ORDERS | _PATTERNS:
        return _opaque(node, at)
    if any(atom.kind == "user" for atom in (*left, *right)):
        return three_valued.unknown(PERHAPS)
    from_setting = {atom.kind for atom in right} == {"unknown"} and at.setting != three_valued.NULL
    if name in _PATTERNS and from_setting and context.may_depend_on_tenant(node.rexpr, at):
        # A pattern that is built from the setting may match more than the tenant that it names.
        right = three_valued.merged(right, three_valued.constant("%"))
    found = three_valued.combined(
        lambda one, two: three_valued.constant_comparison(name, one, two) or three_valued.ordered(one, two), left, right
    )
    return three_valued.negation(found) if name.startswith("!") else found


def _listed(node: ast.A_Expr, name: str, at: SessionContext) -> Value:
    """Return ``x = any (array[…])``, ``x <> all (array[…])``, ``x in (…)``, or the other way round."""
    array: Any = node.rexpr
    while isinstance(array, ast.TypeCast):
        array = array.arg
    elements = array if isinstance(array, tuple) else getattr(array, "elements", None)
    if not elements or name not in {"=", "<>"} or isinstance(array, ast.SelectStmt):
        return _opaque(node, at)
    left = _value(node.lexpr, at)
    results = [three_valued.equal(left, _value(element, at)) for element in elements]
    results = results if name == "=" else [three_valued.negation(found) for found in results]
    every = node.kind == enums.A_Expr_Kind.AEXPR_OP_ALL or (node.kind == enums.A_Expr_Kind.AEXPR_IN and name == "<>")
    return reduce(three_valued.conjunction if every else three_valued.disjunction, results)
