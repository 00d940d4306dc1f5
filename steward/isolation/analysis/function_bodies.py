"""What a function does, as far as its source tells: the expression that it returns, and the settings that it names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pglast import Error, ast, enums, parse_plpgsql, parse_sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    _Source = tuple[Sequence[object], ast.Node | None, tuple[ast.Node | None, ...]]

__all__ = ["FunctionBody", "find", "kind", "named", "nodes", "of", "parsed", "settings", "text"]

_IN = (enums.FunctionParameterMode.FUNC_PARAM_IN, enums.FunctionParameterMode.FUNC_PARAM_DEFAULT)
# With these of its own a function still returns what its expression says.
_HARMLESS = frozenset({"search_path", "statement_timeout", "lock_timeout", "work_mem", "jit"})
# Statements of a handler after which it goes on, and the level from which a RAISE is none of them (elog.h).
_PASSED = frozenset({"PLpgSQL_stmt_raise", "PLpgSQL_stmt_perform"})
_AN_ERROR = 21


@dataclass(frozen=True)
class FunctionBody:
    """A function: its parameters, the expression that it returns if that is all it does, and what it names and calls.

    ``caught``: what it returns instead of an error, by handler; None for what is no expression alone. ``definer``: it
    runs as its owner.
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


def parsed(text: str) -> tuple[ast.Node, ...]:
    """Return the statements of a text; none where it cannot be read."""
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
        for each in tree:
            yield from nodes(each)


def named(parts: Iterable[Any] | None) -> tuple[str, ...]:
    """Return a name that the tree has in parts."""
    return tuple(str(part.sval) for part in parts or () if isinstance(part, ast.String))


def kind(node: object) -> tuple[str, tuple[str, ...]]:
    """Return a type's name and its modifiers."""
    if not isinstance(node, ast.TypeName) or node.arrayBounds:
        return "", ()
    name = named(node.names)[-1:] or ("",)
    return name[0], tuple(str(getattr(getattr(each, "val", None), "ival", "")) for each in node.typmods or ())


def text(node: object) -> str | None:
    """Return a constant's text, casts aside; None for what is no constant."""
    while isinstance(node, ast.TypeCast):
        node = node.arg
    if isinstance(node, ast.A_Const) and isinstance(node.val, ast.String):
        return node.val.sval
    return None


def settings(trees: Iterable[object], function: str) -> frozenset[str]:
    """Return the settings that ``current_setting`` or ``set_config`` is called with, in lower case."""
    found = set()
    for tree in trees:
        for node in nodes(tree):
            if isinstance(node, ast.FuncCall) and named(node.funcname)[-1:] == (function,) and node.args:
                found.add((text(node.args[0]) or "").lower())
            elif isinstance(node, ast.VariableSetStmt) and function == "set_config":
                found.add(str(node.name).lower())
    return frozenset(found - {""})


@cache
def of(definition: str) -> FunctionBody | None:
    """Return what a ``create function`` statement makes; None where it cannot be read."""
    statements = parsed(definition)
    if not statements or not isinstance(made := statements[0], ast.CreateFunctionStmt):
        return None
    options = {str(option.defname): option.arg for option in made.options or ()}
    own = [option.arg for option in made.options or () if option.defname == "set"]
    parameters = [each for each in made.parameters or () if each.mode in _IN]
    trees, returns, caught = _source(definition, made, options)
    return FunctionBody(
        name=named(made.funcname),
        parameters=tuple(each.name or "" for each in parameters),
        returns=returns if {str(each.name).lower() for each in own} <= _HARMLESS else None,
        strict=getattr(options.get("strict"), "boolval", False) or False,
        definer=getattr(options.get("security"), "boolval", False) or False,
        caught=caught,
        reads=settings(trees, "current_setting"),
        sets=settings([*trees, *own], "set_config"),
        names=frozenset({*(each.name or "" for each in parameters), *_columns(trees)}),
        calls=frozenset(
            named(node.funcname) for tree in trees for node in nodes(tree) if isinstance(node, ast.FuncCall)
        ),
    )


def _source(definition: str, made: ast.CreateFunctionStmt, options: Mapping[str, Any]) -> _Source:
    """Return the trees of a body, the expression that is all of it, and what is returned for its errors."""
    language = getattr(options.get("language"), "sval", "")
    if made.sql_body:
        return [made.sql_body], _returned(made.sql_body), ()
    if language == "sql":
        trees = parsed("".join(named(options.get("as"))))
        return list(trees), _returned(trees), ()
    return _procedural(definition) if language == "plpgsql" else ([], None, ())


def _returned(tree: object) -> ast.Node | None:
    """Return the expression of a body that is only ``return x`` or ``select x``."""
    while isinstance(tree, tuple) and len(tree) == 1:
        tree = tree[0]
    if isinstance(tree, ast.ReturnStmt):
        return tree.returnval
    return find(tree)


def find(tree: object) -> ast.Node | None:
    """Return the one expression of a ``select`` that reads nothing and leaves nothing out."""
    if not isinstance(tree, ast.SelectStmt) or len(tree.targetList or ()) != 1:
        return None
    more = (tree.fromClause, tree.whereClause, tree.havingClause, tree.withClause, tree.limitCount, tree.limitOffset)
    value: ast.Node | None = None if any(more) or not tree.targetList else tree.targetList[0].val
    return value


def _procedural(definition: str) -> _Source:
    try:
        [function] = parse_plpgsql(definition)
    except (Error, ValueError):
        # What the parser makes of some functions is no JSON.
        return [], None, ()
    trees = [tree for query in _queries(function) for tree in _statements(query)]
    block = function.get("PLpgSQL_function", {}).get("action", {}).get("PLpgSQL_stmt_block", {})
    returns = [
        each["PLpgSQL_stmt_return"].get("expr") for each in block.get("body", ()) if "PLpgSQL_stmt_return" in each
    ]
    alone = len(block.get("body", ())) == len(returns) and [each for each in returns if each]
    if not alone:
        return trees, None, ()
    return trees, _expression(alone[0]), tuple(_caught(block))


def _expression(returned: Mapping[str, Any]) -> ast.Node | None:
    return _returned(parsed(f"select {returned['PLpgSQL_expr']['query']}"))


def _caught(block: Mapping[str, Any]) -> Iterator[ast.Node | None]:
    """Yield what each handler of a block returns; nothing for one that ends in an error itself."""
    for handler in block.get("exceptions", {}).get("PLpgSQL_exception_block", {}).get("exc_list", ()):
        for statement in handler["PLpgSQL_exception"].get("action", ()):
            [(what, held)] = statement.items()
            if what == "PLpgSQL_stmt_raise" and held["elog_level"] >= _AN_ERROR:
                break
            if what not in _PASSED:
                returned = held.get("expr") if what == "PLpgSQL_stmt_return" else None
                yield _expression(returned) if returned else None
                break


def _queries(tree: object) -> Iterator[str]:
    """Yield every expression and statement of a plpgsql function."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == "query" and isinstance(value, str):
                yield value
            else:
                yield from _queries(value)
    elif isinstance(tree, list):
        for each in tree:
            yield from _queries(each)


def _statements(query: str) -> tuple[ast.Node, ...]:
    """Return the trees of a statement, an expression or an assignment."""
    return parsed(query) or parsed(f"select {query}") or parsed(f"select {query.partition(':=')[2]}")


def _columns(trees: Iterable[object]) -> set[str]:
    return {
        name for tree in trees for node in nodes(tree) if isinstance(node, ast.ColumnRef) for name in named(node.fields)
    }
