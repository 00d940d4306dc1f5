"""What functions do with the rights of their owner, as far as their source tells."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pglast import Error, ast, parse_plpgsql
from pglast.parser import scan

from steward.check import Finding
from steward.isolation import bodies, reach, views
from steward.isolation.reads import unfiltered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steward.check import Check
    from steward.isolation.reach import Known
    from steward.isolation.reads import Name, Tenant
    from steward.isolation.sources import Relation
    from steward.isolation.views import Views

__all__ = ["Definer", "leaks", "paths"]

# What runs a statement that is put together when it runs.
_BUILT = frozenset({"PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors", "dynquery"})
# Their source is text that names what they read.
_TEXTS = frozenset({"plperl", "plperlu", "plpython3u", "pltcl", "pltclu", "plv8"})
_SHOWN = 5


@dataclass(frozen=True)
class Definer:
    """A SECURITY DEFINER routine as sql/isolation/definers.sql has it."""

    ident: str
    kind: str
    owner: int
    language: str
    definition: str
    source: str
    called: bool
    bound: bool
    path: str | None
    callers: str | None
    schemas: list[str]
    with_path: str
    revoked: str | None


def leaks(check: Check) -> Iterator[Finding]:
    """Yield the routines that the application may call and that reach rows of every tenant."""
    known = reach.known(check)
    definers = list(_definers(check, known))
    shown = views.load(check, known, {definer.owner for definer in definers})
    for definer in definers:
        reasons = list(_reached(definer, shown)) if definer.called and definer.callers else []
        if reasons:
            yield Finding(
                definer.kind,
                definer.ident,
                f"runs as {known.graph.roles[definer.owner].ident} for {definer.callers}",
                "a routine that runs as its caller, or that filters by the tenant setting whatever it touches",
                f"every tenant's rows come out: {'; '.join(reasons[:_SHOWN])}",
                definer.revoked or "",
            )


def paths(check: Check) -> Iterator[Finding]:
    """Yield the routines whose names somebody else can redirect to objects of his own."""
    known = reach.known(check)
    writable = [row["name"] for row in reach.asked(check, "isolation/writable", known.told, **known.within)]
    for definer in _definers(check, known):
        fault = None if definer.bound else _fault(definer.path, writable)
        if fault:
            yield Finding(
                definer.kind,
                definer.ident,
                fault,
                "a search_path of schemas that the application cannot create in, with pg_temp last",
                "it runs as its owner, and takes what its caller makes for the tables and functions of these names",
                f"{definer.with_path} -- with the schemas that it needs before pg_temp",
            )


def _fault(path: str | None, writable: list[str]) -> str | None:
    """Tell what is wrong with a search_path. With an empty one a routine names the schemas itself."""
    if path is None:
        return "no search_path of its own"
    [schemas] = list(csv.reader([path.replace("\n", " ")], skipinitialspace=True)) or [[]]
    schemas = [name.strip() for name in schemas if name.strip()]
    if not set(schemas) - {"pg_catalog"}:
        return None
    if schemas[-1] != "pg_temp":
        return f"search_path {path}: temporary tables come first"
    open_to_all = [name for name in schemas[:-1] if name in writable]
    return f"search_path {path}: the application can create in {', '.join(open_to_all)}" if open_to_all else None


def _definers(check: Check, known: Known) -> Iterator[Definer]:
    """Yield the routines of owners whom the application cannot become anyway."""
    own = {each.role.oid for each in known.reached if each.kind != "other" and each.step.acts}
    rows = reach.asked(check, "isolation/definers", known.told, **known.within)
    yield from (Definer(**row) for row in rows if row["owner"] not in own)


def _reached(definer: Definer, shown: Views) -> Iterator[str]:
    """Yield what a routine takes every tenant's rows from, and why no policy holds."""
    names = _trees(definer, shown.tenant)
    if names is None:
        names = frozenset()
        yield from _unknown(definer, shown)
    for relation in shown.relations.values():
        if not (views.named(relation, names) or _written(definer, relation)):
            continue
        if relation.oid in shown.views:
            below = shown.leak(relation.oid, definer.owner)
            reason = str(below) if below else None
        else:
            reason = shown.exempt(definer.owner, relation)
            reason = reason and f"{relation.ident}: {reason}"
        if reason:
            yield reason


def _unknown(definer: Definer, shown: Views) -> Iterator[str]:
    """Yield why no policy holds, if that is so, for a routine of which only the run tells what it does."""
    guarded = (each for each in shown.relations.values() if each.kind in {"r", "p"} and each.rls)
    past = next(filter(None, (shown.exempt(definer.owner, each) for each in guarded)), None)
    if past:
        yield f"its source does not tell which statements it runs, and {past}"


def _written(definer: Definer, relation: Relation) -> bool:
    return definer.language in _TEXTS and relation.name in definer.source


def _trees(definer: Definer, tenant: Tenant) -> frozenset[Name] | None:
    """Return what the statements of a routine leave unfiltered; None where they cannot be told."""
    made = next(iter(bodies.parsed(definer.definition)), None)
    if isinstance(made, ast.CreateFunctionStmt) and made.sql_body:
        return unfiltered(made.sql_body, tenant)
    if definer.language == "sql":
        trees = bodies.parsed(definer.source)
        return unfiltered(trees, tenant) if trees or not definer.source.strip() else None
    if definer.language != "plpgsql":
        return frozenset()
    function = _procedural(definer.definition) or _procedural(_unqualified(definer))
    if function is None:
        return None
    statements = [_statement(query) for query in _queries(function)]
    return None if None in statements else unfiltered(tuple(statements), tenant)


def _procedural(definition: str) -> Any:
    """Return what a PL/pgSQL function is made of; None where it cannot be read."""
    try:
        return parse_plpgsql(definition)
    except (Error, ValueError):
        # What the parser makes of some functions is no JSON.
        return None


def _unqualified(definer: Definer) -> str:
    """Return the definition without names of schemas, whose types the parser does not know; names match in any then."""
    body = _without(definer.source, definer.schemas)
    return _without(definer.definition, definer.schemas).replace(definer.source, body)


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
    trees = bodies.parsed(text) or bodies.parsed(f"select {text}") or bodies.parsed(f"select {text.partition(':=')[2]}")
    if not built:
        return trees or None
    said = bodies.text(bodies.find(trees[0])) if trees else None
    return bodies.parsed(said) or None if said else None
