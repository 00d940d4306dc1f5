"""The rows of every tenant that a routine reaches with the rights of its owner, as far as its source shows.

A variable of PL/pgSQL that only one expression is ever assigned to stands for that expression.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pglast import Error, ast, parse_plpgsql
from pglast.parser import scan
from pglast.visitors import Visitor

from steward.isolation.analysis import function_bodies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steward.isolation.catalog.view_graph import ViewGraph

__all__ = ["Routine", "routine_leaks"]

# They run a statement that is built at run time.
_BUILT = frozenset({"PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors", "dynquery"})
# The source of these languages is text that names the relations it reads.
_TEXTS = frozenset({"plperl", "plperlu", "plpython3u", "pltcl", "pltclu", "plv8"})
# With it a name that could be a variable or a column is the column.
_COLUMNS_FIRST = "variable_conflict use_column"


@dataclass(frozen=True)
class Routine:
    """A function or procedure; ``owner`` an oid, ``schemas`` all of the database."""

    ident: str
    owner: int
    language: str
    definition: str
    source: str
    schemas: list[str]


def routine_leaks(
    routine: Routine, views: ViewGraph, bound: frozenset[str] = frozenset(), *, before: bool = False
) -> Iterator[str]:
    """Yield what a routine reaches of every tenant's rows, and why no policy holds.

    ``bound`` are records of which only the setting's tenant comes; ``before``: it is the function of a BEFORE trigger,
    which may keep a row from being written and judged.
    """
    effects = _effects(routine, views.tenant.column)
    if effects is None:
        if reason := views.owner_bypass(routine.owner):
            yield f"its source does not tell which statements it runs, and {reason}"
        return
    bound -= effects.reassigned | (effects.replaced if before else frozenset())
    in_text = [one for one in views.relations.values() if routine.language in _TEXTS and one.name in routine.source]
    also = frozenset((relation.schema, relation.name) for relation in in_text)
    yield from views.statement_leaks(routine.owner, effects.statements, bound, also=also)


@dataclass(frozen=True)
class _Effects:
    """The statements of a routine; ``reassigned`` are records whose tenant it assigns itself.

    ``replaced`` is the record that a trigger may keep from being written, by what it returns in its place.
    """

    statements: tuple[object, ...] = ()
    reassigned: frozenset[str] = frozenset()
    replaced: frozenset[str] = frozenset()


def _effects(routine: Routine, column: str) -> _Effects | None:
    """Return what a routine does; None where its source does not show it."""
    tree = next(iter(function_bodies.parse_statements(routine.definition)), None)
    if isinstance(tree, ast.CreateFunctionStmt) and tree.sql_body:
        return _Effects((tree.sql_body,))
    if routine.language == "sql":
        trees = function_bodies.parse_statements(routine.source)
        return _Effects(trees) if trees or not routine.source.strip() else None
    if routine.language != "plpgsql":
        return _Effects()
    function = _procedural(routine.definition) or _procedural(_unqualified(routine))
    if function is None:
        return None
    statements: list[ast.Node] = []
    for query in _queries(function):
        found = _statement(query)
        if found is None:
            return None
        statements += found
    values = {} if _COLUMNS_FIRST in routine.source else _values(function, column)
    for statement in statements:
        _Inliner(values)(statement)
    return _Effects(tuple(statements), _reassigned(function, column), _replaced(function))


def _procedural(definition: str) -> Any:
    """Return the parse tree of a PL/pgSQL function; None where it cannot be parsed."""
    try:
        return parse_plpgsql(definition)
    except (Error, ValueError):
        # The parser's output for some functions is not JSON.
        return None


def _unqualified(routine: Routine) -> str:
    """Return the definition without schemas, whose types the parser does not know; names then match in any schema."""
    body = _without(routine.source, routine.schemas)
    return _without(routine.definition, routine.schemas).replace(routine.source, body)


def _without(text: str, schemas: list[str]) -> str:
    try:
        tokens = scan(text)
    except Error:
        return text
    for token, dot in reversed(list(pairwise(tokens))):
        word = text[token.start : token.end + 1]
        name = word[1:-1].replace('""', '"') if word.startswith('"') else word.lower()
        if name in schemas and text[dot.start : dot.end + 1] == ".":
            text = text[: token.start] + text[dot.end + 1 :]
    return text


def _queries(tree: Any, *, built: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield every expression and statement of a PL/pgSQL function, and whether its result is run as a statement."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == "query" and isinstance(value, str):
                yield value, built
            else:
                yield from _queries(value, built=key in _BUILT or (built and key in {"query", "PLpgSQL_expr"}))
    elif isinstance(tree, list):
        for item in tree:
            yield from _queries(item, built=built)


def _statement(query: tuple[str, bool]) -> tuple[ast.Node, ...] | None:
    """Return the trees of a statement, an expression or an assignment; None for a statement that is not known yet."""
    text, built = query
    trees = (
        function_bodies.parse_statements(text)
        or function_bodies.parse_statements(f"select {text}")
        or function_bodies.parse_statements(f"select {text.partition(':=')[2]}")
    )
    if not built:
        return trees or None
    literal = function_bodies.constant_text(function_bodies.single_expression(trees[0])) if trees else None
    return function_bodies.parse_statements(literal) or None if literal else None


def _values(function: Any, column: str) -> Mapping[str, ast.Node]:
    """Return the variables that only one expression without variables is ever assigned to, with that expression.

    Parameters and a variable named as the tenant column are left out.
    """
    parsed = function[0].get("PLpgSQL_function", {})
    variables = [next(iter(datum.values())) for datum in parsed.get("datums", ())]
    names = Counter(variable.get("refname", "") for variable in variables)
    assigned = _assigned(parsed.get("action"))
    found = {}
    for number, variable in enumerate(variables):
        name, default = variable.get("refname"), variable.get("default_val")
        queries = [*([_query(default)] if default else []), *assigned.get(number, [])]
        if "lineno" in variable and names[name] == 1 and name != column and len(queries) == 1 and queries[0]:
            value = function_bodies.single_expression(
                next(iter(function_bodies.parse_statements(f"select {queries[0]}")), None)
            )
            if value is not None and not any(names[_variable(node) or " "] for node in function_bodies.nodes(value)):
                found[name] = value
    return found


def _reassigned(function: Any, column: str) -> frozenset[str]:
    """Return the records whose tenant is assigned, or all of them at once."""
    found = set()
    for kind, part in _parts(function[0].get("PLpgSQL_function", {}).get("action")):
        if kind == "PLpgSQL_rec":
            found.add(str(part.get("refname")))
        elif kind == "PLpgSQL_stmt_assign":
            record, _, name = _query(part["expr"]).partition("=")[0].rstrip(": ").lower().partition(".")
            found.update({record.strip()} if name.strip('" ') in {"", column.lower()} else ())
    return frozenset(found)


def _replaced(function: Any) -> frozenset[str]:
    """Return the record in whose place an expression is returned, null say."""
    instead = any(kind == "PLpgSQL_stmt_return" and "expr" in part for kind, part in _parts(function))
    return frozenset({"new"} if instead else ())


def _variable(node: ast.Node) -> str | None:
    """Return the name that a node is, if it is one alone."""
    names = function_bodies.name_parts(node.fields) if isinstance(node, ast.ColumnRef) else ()
    return names[0] if len(names) == 1 else None


def _query(expression: Any) -> str:
    return str(expression["PLpgSQL_expr"]["query"])


def _assigned(tree: Any) -> dict[int, list[str | None]]:
    """Return what is assigned to each variable by its number; None for what is not one expression."""
    found: dict[int, list[str | None]] = {}
    for kind, part in _parts(tree):
        for key in ("varno", "target"):
            number = part.get(key)
            if isinstance(number, int):
                # The parser gives the whole of an assignment, v := x.
                value = _query(part["expr"]).partition("=")[2] if kind == "PLpgSQL_stmt_assign" else None
                found.setdefault(number, []).append(value)
    return found


def _parts(tree: Any, kind: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every part of a tree with its key."""
    if isinstance(tree, dict):
        yield kind, tree
        for key, value in tree.items():
            yield from _parts(value, key)
    elif isinstance(tree, list):
        for item in tree:
            yield from _parts(item)


class _Inliner(Visitor):
    """Replaces variables by the expressions that they stand for."""

    def __init__(self, values: Mapping[str, ast.Node]) -> None:
        self._values = values

    def visit_ColumnRef(self, _: object, node: ast.ColumnRef) -> ast.Node | None:  # noqa: N802 - as the node is called
        """Return the replacement of a node; None leaves it."""
        return self._values.get(_variable(node) or "")
