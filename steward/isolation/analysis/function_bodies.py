"""The bodies of functions: the expression that one returns, and the settings, names and functions in its source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pglast import Error, ast, enums, parse_plpgsql, parse_sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    _Source = tuple[Sequence[object], ast.Node | None, tuple[ast.Node | None, ...]]

__all__ = [
    "FunctionBody",
    "constant_text",
    "function_body",
    "name_parts",
    "nodes",
    "parse_statements",
    "setting_names",
    "single_expression",
    "type_name",
]

_IN = (enums.FunctionParameterMode.FUNC_PARAM_IN, enums.FunctionParameterMode.FUNC_PARAM_DEFAULT)
# These settings of a function do not change the value of its expression.
_HARMLESS = frozenset({"search_path", "statement_timeout", "lock_timeout", "work_mem", "jit"})
# Statements after which a handler goes on, and the level from which RAISE is an error (elog.h).
_PASSED = frozenset({"PLpgSQL_stmt_raise", "PLpgSQL_stmt_perform"})
_AN_ERROR = 21


@dataclass(frozen=True)
class FunctionBody:
    """A function: its parameters, the expression that is its whole body, and the names and calls in its source.

    ``caught``: the expression that each exception handler returns; None where a handler does something else.
    ``definer``: it runs as its owner.
    """

    name: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    returns: ast.Node | None = None
    strict: bool = False
    caught: tuple[ast.Node | None, ...] = ()
    definer: bool = False
    reads: frozenset[str] = frozenset()
    sets: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    calls: frozenset[tuple[str, ...]] = frozenset()


def parse_statements(text: str) -> tuple[ast.Node, ...]:
    """Return the statements of a text; none where it cannot be parsed."""
    try:
        return tuple(raw.stmt for raw in parse_sql(text) if raw.stmt)
    except Error:
        return ()


def nodes(tree: object) -> Iterator[ast.Node]:
    """Yield every node of a tree."""
    if isinstance(tree, ast.Node):
        yield tree
        for attribute in tree:
            yield from nodes(getattr(tree, attribute))
    elif isinstance(tree, tuple):
        for item in tree:
            yield from nodes(item)


def name_parts(parts: Iterable[Any] | None) -> tuple[str, ...]:
    """Return the parts of a qualified name in a tree."""
    return tuple(str(part.sval) for part in parts or () if isinstance(part, ast.String))


def type_name(node: object) -> tuple[str, tuple[str, ...]]:
    """Return a type's name and its modifiers."""
    if not isinstance(node, ast.TypeName) or node.arrayBounds:
        return "", ()
    name = name_parts(node.names)[-1:] or ("",)
    return name[0], tuple(str(getattr(getattr(modifier, "val", None), "ival", "")) for modifier in node.typmods or ())


def constant_text(node: object) -> str | None:
    """Return the text of a constant under any casts; None for any other node."""
    while isinstance(node, ast.TypeCast):
        node = node.arg
    if isinstance(node, ast.A_Const) and isinstance(node.val, ast.String):
        return node.val.sval
    return None


def setting_names(trees: Iterable[object], function: str) -> frozenset[str]:
    """Return the settings that ``current_setting`` or ``set_config`` is called with, in lower case."""
    found = set()
    for tree in trees:
        for node in nodes(tree):
            if isinstance(node, ast.FuncCall) and name_parts(node.funcname)[-1:] == (function,) and node.args:
                found.add((constant_text(node.args[0]) or "").lower())
            elif isinstance(node, ast.VariableSetStmt) and function == "set_config":
                found.add(str(node.name).lower())
    return frozenset(found - {""})


@cache
def function_body(definition: str) -> FunctionBody | None:
    """Return the function of a ``create function`` statement; None where it cannot be parsed."""
    statements = parse_statements(definition)
    if not statements or not isinstance(tree := statements[0], ast.CreateFunctionStmt):
        return None
    options = {str(option.defname): option.arg for option in tree.options or ()}
    options_set = [option.arg for option in tree.options or () if option.defname == "set"]
    parameters = [parameter for parameter in tree.parameters or () if parameter.mode in _IN]
    trees, returns, caught = _source(definition, tree, options)
    return FunctionBody(
        name=name_parts(tree.funcname),
        parameters=tuple(option.name or "" for option in parameters),
        returns=returns if {str(parameter.name).lower() for parameter in options_set} <= _HARMLESS else None,
        strict=getattr(options.get("strict"), "boolval", False) or False,
        definer=getattr(options.get("security"), "boolval", False) or False,
        caught=caught,
        reads=setting_names(trees, "current_setting"),
        sets=setting_names([*trees, *options_set], "set_config"),
        names=frozenset({*(parameter.name or "" for parameter in parameters), *_columns(trees)}),
        calls=frozenset(
            name_parts(node.funcname) for tree in trees for node in nodes(tree) if isinstance(node, ast.FuncCall)
        ),
    )


def _source(definition: str, tree: ast.CreateFunctionStmt, options: Mapping[str, Any]) -> _Source:
    """Return the trees of a body, the expression that is all of it, and those that its handlers return."""
    language = getattr(options.get("language"), "sval", "")
    if tree.sql_body:
        return [tree.sql_body], _returned(tree.sql_body), ()
    if language == "sql":
        trees = parse_statements("".join(name_parts(options.get("as"))))
        return list(trees), _returned(trees), ()
    return _procedural(definition) if language == "plpgsql" else ([], None, ())


def _returned(tree: object) -> ast.Node | None:
    """Return the expression of a body that is only ``return x`` or ``select x``."""
    while isinstance(tree, tuple) and len(tree) == 1:
        tree = tree[0]
    if isinstance(tree, ast.ReturnStmt):
        return tree.returnval
    return single_expression(tree)


def single_expression(tree: object) -> ast.Node | None:
    """Return the one expression of a ``select`` without FROM or any other clause."""
    if not isinstance(tree, ast.SelectStmt) or len(tree.targetList or ()) != 1:
        return None
    more = (tree.fromClause, tree.whereClause, tree.havingClause, tree.withClause, tree.limitCount, tree.limitOffset)
    value: ast.Node | None = None if any(more) or not tree.targetList else tree.targetList[0].val
    return value


def _procedural(definition: str) -> _Source:
    try:
        [function] = parse_plpgsql(definition)
    except (Error, ValueError):
        # The parser's output for some functions is not JSON.
        return [], None, ()
    trees = [tree for query in _queries(function) for tree in _statements(query)]
    block = function.get("PLpgSQL_function", {}).get("action", {}).get("PLpgSQL_stmt_block", {})
    returns = [
        statement["PLpgSQL_stmt_return"].get("expr")
        for statement in block.get("body", ())
        if "PLpgSQL_stmt_return" in statement
    ]
    alone = len(block.get("body", ())) == len(returns) and [statement for statement in returns if statement]
    if not alone:
        return trees, None, ()
    return trees, _expression(alone[0]), tuple(_caught(block))


def _expression(returned: Mapping[str, Any]) -> ast.Node | None:
    return _returned(parse_statements(f"select {returned['PLpgSQL_expr']['query']}"))


def _caught(block: Mapping[str, Any]) -> Iterator[ast.Node | None]:
    """Yield the expression that each handler of a block returns; nothing for one that raises an error itself."""
    for handler in block.get("exceptions", {}).get("PLpgSQL_exception_block", {}).get("exc_list", ()):
        for statement in handler["PLpgSQL_exception"].get("action", ()):
            [(type_name, content)] = statement.items()
            if type_name == "PLpgSQL_stmt_raise" and content["elog_level"] >= _AN_ERROR:
                break
            if type_name not in _PASSED:
                returned = content.get("expr") if type_name == "PLpgSQL_stmt_return" else None
                yield _expression(returned) if returned else None
                break


def _queries(tree: object) -> Iterator[str]:
    """Yield every expression and statement of a PL/pgSQL function."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == "query" and isinstance(value, str):
                yield value
            else:
                yield from _queries(value)
    elif isinstance(tree, list):
        for item in tree:
            yield from _queries(item)


def _statements(query: str) -> tuple[ast.Node, ...]:
    """Return the trees of a statement, an expression or an assignment."""
    return (
        parse_statements(query)
        or parse_statements(f"select {query}")
        or parse_statements(f"select {query.partition(':=')[2]}")
    )


def _columns(trees: Iterable[object]) -> set[str]:
    return {
        name
        for tree in trees
        for node in nodes(tree)
        if isinstance(node, ast.ColumnRef)
        for name in name_parts(node.fields)
    }
