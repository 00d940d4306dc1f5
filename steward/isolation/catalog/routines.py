"""What a routine reaches of every tenant's rows with the rights of its owner, as far as its source tells.

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

__all__ = ["Routine", "reached"]

# What runs a statement that is put together when it runs.
_BUILT = frozenset({"PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors", "dynquery"})
# Their source is text that names what they read.
_TEXTS = frozenset({"plperl", "plperlu", "plpython3u", "pltcl", "pltclu", "plv8"})
# It makes the name of a variable that of a column, where both could be meant.
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


def reached(
    routine: Routine, shown: ViewGraph, held: frozenset[str] = frozenset(), *, before: bool = False
) -> Iterator[str]:
    """Yield what a routine reaches of every tenant's rows, and why no policy holds.

    ``held`` are records of which only the setting's tenant comes; ``before`` says that it is a trigger's and may keep a
    row from being written and judged.
    """
    does = _read(routine, shown.tenant.column)
    if does is None:
        if past := shown.past(routine.owner):
            yield f"its source does not tell which statements it runs, and {past}"
        return
    held -= does.changed | (does.kept if before else frozenset())
    told = [each for each in shown.relations.values() if routine.language in _TEXTS and each.name in routine.source]
    also = frozenset((each.schema, each.name) for each in told)
    yield from shown.reached(routine.owner, does.statements, held, also=also)


@dataclass(frozen=True)
class _Effects:
    """The statements of a routine; ``changed`` are records that it gives another tenant itself.

    ``kept`` is the record that a trigger may keep from being written, by what it returns in its place.
    """

    statements: tuple[object, ...] = ()
    changed: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()


def _read(routine: Routine, column: str) -> _Effects | None:
    """Return what a routine does; None where it cannot be told."""
    made = next(iter(function_bodies.parsed(routine.definition)), None)
    if isinstance(made, ast.CreateFunctionStmt) and made.sql_body:
        return _Effects((made.sql_body,))
    if routine.language == "sql":
        trees = function_bodies.parsed(routine.source)
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
    for each in statements:
        _Inliner(values)(each)
    return _Effects(tuple(statements), _changed(function, column), _kept(function))


def _procedural(definition: str) -> Any:
    """Return what a PL/pgSQL function is made of; None where it cannot be read."""
    try:
        return parse_plpgsql(definition)
    except (Error, ValueError):
        # What the parser makes of some functions is no JSON.
        return None


def _unqualified(routine: Routine) -> str:
    """Return the definition without names of schemas, whose types the parser does not know; names match in any then."""
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
    """Yield every expression and statement of a plpgsql function, and whether what it gives is then run."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == "query" and isinstance(value, str):
                yield value, built
            else:
                yield from _queries(value, built=key in _BUILT or (built and key in {"query", "PLpgSQL_expr"}))
    elif isinstance(tree, list):
        for each in tree:
            yield from _queries(each, built=built)


def _statement(query: tuple[str, bool]) -> tuple[ast.Node, ...] | None:
    """Return the trees of a statement, an expression or an assignment; None for a statement that is not known yet."""
    text, built = query
    trees = (
        function_bodies.parsed(text)
        or function_bodies.parsed(f"select {text}")
        or function_bodies.parsed(f"select {text.partition(':=')[2]}")
    )
    if not built:
        return trees or None
    said = function_bodies.text(function_bodies.find(trees[0])) if trees else None
    return function_bodies.parsed(said) or None if said else None


def _values(function: Any, column: str) -> Mapping[str, ast.Node]:
    """Return the variables that are only ever assigned one expression, without variables in it, and the expression.

    A parameter is none of them, nor is what is named as the tenant's column.
    """
    made = function[0].get("PLpgSQL_function", {})
    variables = [next(iter(each.values())) for each in made.get("datums", ())]
    names = Counter(each.get("refname", "") for each in variables)
    assigned = _assigned(made.get("action"))
    found = {}
    for number, variable in enumerate(variables):
        name, default = variable.get("refname"), variable.get("default_val")
        queries = [*([_query(default)] if default else []), *assigned.get(number, [])]
        if "lineno" in variable and names[name] == 1 and name != column and len(queries) == 1 and queries[0]:
            value = function_bodies.find(next(iter(function_bodies.parsed(f"select {queries[0]}")), None))
            if value is not None and not any(names[_variable(node) or " "] for node in function_bodies.nodes(value)):
                found[name] = value
    return found


def _changed(function: Any, column: str) -> frozenset[str]:
    """Return the records whose tenant is assigned, or all of them at once."""
    found = set()
    for kind, part in _parts(function[0].get("PLpgSQL_function", {}).get("action")):
        if kind == "PLpgSQL_rec":
            found.add(str(part.get("refname")))
        elif kind == "PLpgSQL_stmt_assign":
            record, _, name = _query(part["expr"]).partition("=")[0].rstrip(": ").lower().partition(".")
            found.update({record.strip()} if name.strip('" ') in {"", column.lower()} else ())
    return frozenset(found)


def _kept(function: Any) -> frozenset[str]:
    """Return the record in whose place an expression is returned, null say."""
    instead = any(kind == "PLpgSQL_stmt_return" and "expr" in part for kind, part in _parts(function))
    return frozenset({"new"} if instead else ())


def _variable(node: ast.Node) -> str | None:
    """Return the name that a node is, if it is one alone."""
    names = function_bodies.named(node.fields) if isinstance(node, ast.ColumnRef) else ()
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
                told = _query(part["expr"]).partition("=")[2] if kind == "PLpgSQL_stmt_assign" else None
                found.setdefault(number, []).append(told)
    return found


def _parts(tree: Any, kind: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every part of a tree with what it is called."""
    if isinstance(tree, dict):
        yield kind, tree
        for key, value in tree.items():
            yield from _parts(value, key)
    elif isinstance(tree, list):
        for each in tree:
            yield from _parts(each)


class _Inliner(Visitor):
    """Puts expressions in the place of the variables that stand for them."""

    def __init__(self, values: Mapping[str, ast.Node]) -> None:
        self._values = values

    def visit_ColumnRef(self, _: object, node: ast.ColumnRef) -> ast.Node | None:  # noqa: N802 - as the node is called
        """Return what is put there; None leaves what it is."""
        return self._values.get(_variable(node) or "")
