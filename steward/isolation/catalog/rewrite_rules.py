"""What rules add to a statement, or do instead of it: as the owner of the relation that they are on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pglast import ast

from steward.engine.check import Finding
from steward.isolation.analysis import function_bodies
from steward.isolation.analysis.query_sources import passes
from steward.isolation.catalog import role_graph, view_graph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steward.engine.check import Check
    from steward.isolation.catalog.view_graph import ViewGraph

__all__ = ["RewriteRule", "leaks"]

_SHOWN = 5


@dataclass(frozen=True)
class RewriteRule:
    """A rule on INSERT, UPDATE or DELETE as sql/isolation/rules.sql has it."""

    relation: int
    ident: str
    owner: int
    instead: bool
    definition: str
    callers: str
    dropped: str


def leaks(check: Check) -> Iterator[Finding]:
    """Yield the rules by which the application reaches rows of every tenant."""
    known = role_graph.known(check)
    rows = role_graph.asked(check, "isolation/rules", known.told, firing=known.within["firing"])
    # What an owner may do whom the application can become is told there.
    rules = [rule for rule in (RewriteRule(**row) for row in rows) if rule.owner not in known.own]
    if not rules:
        return
    shown = view_graph.load(check, known, {rule.owner for rule in rules})
    for rule in rules:
        reasons = list(_reached(rule, shown))
        if reasons:
            yield Finding(
                "rule",
                rule.ident,
                f"acts as {known.graph.roles[rule.owner].ident} for {rule.callers}",
                "a rule whose statements hold the tenant of whatever they touch against the setting, or none",
                f"every tenant's rows are within reach: {'; '.join(reasons[:_SHOWN])}",
                rule.dropped,
            )


def _reached(rule: RewriteRule, shown: ViewGraph) -> Iterator[str]:
    """Yield what a rule's statements read or write of every tenant, and why no policy holds."""
    made = next(iter(function_bodies.parsed(rule.definition)), None)
    if not isinstance(made, ast.RuleStmt):
        if past := shown.past(rule.owner):
            yield f"its definition cannot be read, and {past}"
        return
    held = _held(rule, shown)
    statements = (made.whereClause, made.actions)
    yield from shown.reached(rule.owner, statements, held)


def _held(rule: RewriteRule, shown: ViewGraph) -> frozenset[str]:
    """Return which of OLD and NEW are rows of the setting's tenant only, other items holding for the relation itself.

    OLD is what the application's own statement found. NEW is what it says, which only the policies of a table that it
    writes as well hold against the setting: not where the rule acts instead.
    """
    relation = shown.relations.get(rule.relation)
    if relation is None:
        return frozenset()
    if relation.kind == "v":
        view = shown.views[relation.oid]
        tree = next(iter(function_bodies.parsed(view.definition)), None)
        return frozenset({"old"}) if passes(tree, shown.tenant.column) else frozenset()
    return frozenset({"old"} if rule.instead else {"old", "new"}) if relation.rls else frozenset()
