"""Rules that add statements to a statement, or replace it: they act as the owner of the relation that they are on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pglast import ast

from steward.engine.check import Finding
from steward.isolation.analysis import function_bodies
from steward.isolation.analysis.query_sources import shows_column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from steward.isolation.catalog.view_graph import ViewGraph

__all__ = ["RewriteRule", "leaks"]

_SHOWN = 5


@dataclass(frozen=True)
class RewriteRule:
    """A rule on INSERT, UPDATE or DELETE: a row of sql/isolation/rewrite_rules.sql."""

    relation: int
    ident: str
    owner: int
    instead: bool
    definition: str
    callers: str
    dropped: str


def leaks(rules: Iterable[RewriteRule], views: ViewGraph) -> Iterator[Finding]:
    """Yield the rules by which the application reaches rows of every tenant."""
    for rule in rules:
        reasons = list(_rule_leaks(rule, views))
        if reasons:
            yield Finding(
                "rule",
                rule.ident,
                f"acts as {views.graph.roles[rule.owner].ident} for {rule.callers}",
                "a rule whose statements hold the tenant of whatever they touch against the setting, or none",
                f"every tenant's rows are within reach: {'; '.join(reasons[:_SHOWN])}",
                rule.dropped,
            )


def _rule_leaks(rule: RewriteRule, views: ViewGraph) -> Iterator[str]:
    """Yield what a rule's statements read or write of every tenant, and why no policy holds."""
    tree = next(iter(function_bodies.parse_statements(rule.definition)), None)
    if not isinstance(tree, ast.RuleStmt):
        if reason := views.owner_bypass(rule.owner):
            yield f"its definition cannot be read, and {reason}"
        return
    yield from views.statement_leaks(rule.owner, (tree.whereClause, tree.actions), _bound_records(rule, views))


def _bound_records(rule: RewriteRule, views: ViewGraph) -> frozenset[str]:
    """Return which of OLD and NEW are rows of the setting's tenant only; other items judge the relation itself.

    OLD is what the application's own statement found. NEW is what it says, which only the policies of a table that it
    writes as well bind to the setting: not where the rule acts instead.
    """
    relation = views.relations.get(rule.relation)
    if relation is None:
        return frozenset()
    if relation.kind == "v":
        tree = next(iter(function_bodies.parse_statements(views.views[relation.oid].definition)), None)
        return frozenset({"old"}) if shows_column(tree, views.tenant.column) else frozenset()
    return frozenset({"old"} if rule.instead else {"old", "new"}) if relation.rls else frozenset()
