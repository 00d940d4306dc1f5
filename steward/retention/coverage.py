"""Rows that the rules leave: those that are overdue, and those that no rule will ever cover."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from psycopg import sql

from steward.database import queries
from steward.retention import predicate, resolved_rule
from steward.retention.predicate import Bindings, all_of, any_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steward.engine.check import Check
    from steward.profile import Profile, RetentionRule
    from steward.retention.resolved_rule import ResolvedRule

__all__ = ["overdue", "unreachable"]

# An archive is of whole partitions, which the archive judges; here rows are counted.
_JUDGED = ("delete", "update", "report")
_DISPOSING = ("delete", "archive")
# What a run may be blamed for: the rules of its own schedule and of those that run more often; checks alone see all.
_BLAMED = {"daily": ("daily",), "weekly": ("daily", "weekly")}


def overdue(check: Check) -> dict[str, Any]:
    """Return the parts and values of the query for rows that a rule should have taken an age of its schedule ago.

    Raises:
        ProfileError: a rule does not fit the database.
        RefusalError: a legal hold cannot be understood.

    """
    profile = check.settings.profile
    schedules = _BLAMED.get(check.settings.schedule, ("daily", "weekly", "monthly"))
    rules = {
        name: rule
        for name, rule in sorted(profile.retention.rules.items())
        if rule.action in _JUDGED and rule.schedule in schedules
    }
    values, counts = Bindings(), []
    for found in _facts(check, rules, allowed=True):
        found.require_valid_holds(check.conn)
        rule = rules[found.rule]
        labels = {"schedule": values.bind(rule.schedule), "action": values.bind(rule.action)}
        parts = _labels(found, values) | labels | found.parts(profile, values)
        counts.append(queries.compose("retention/coverage/overdue", 0, **parts))
    return _counted(counts or [queries.compose("retention/coverage/no_overdue")], values)


def unreachable(check: Check) -> dict[str, Any]:
    """Return the parts and values of the query for rows that no rule reaches.

    A row is unreachable when a rule's clock has run out for it, but the rule's other conditions do not hold, and no
    rule of the table would take it whatever time passes. A row without the clock counts when the rule's other
    conditions hold (and there are some), or when the rule says ``clock_required``. Rules judge rows that they delete or
    archive; those with conditions on other tables flag none, since a living parent is no fault.

    Raises:
        ProfileError: a rule does not fit the database.

    """
    profile = check.settings.profile
    rules = {name: rule for name, rule in sorted(profile.retention.rules.items()) if rule.action in _DISPOSING}
    values, counts = Bindings(), []
    found = sorted(_facts(check, rules), key=lambda rule_facts: (rule_facts.schema, rule_facts.name))
    for _, group in groupby(found, key=lambda rule_facts: rule_facts.oid):
        table = list(group)
        if not any(_takes_all(rule_facts, rules[rule_facts.rule]) for rule_facts in table):
            reached = any_of([_reaches(rule_facts, profile, values) for rule_facts in table])
            counts += [
                _unreached(rule_facts, rules[rule_facts.rule], reached, values)
                for rule_facts in table
                if _flags(rules[rule_facts.rule])
            ]
    return _counted(counts or [queries.compose("retention/coverage/no_unreached")], values)


def _counted(counts: Sequence[sql.Composable], values: Bindings) -> dict[str, Any]:
    return {"parts": {"counted": sql.SQL(" union all ").join(counts)}, **values}


def _facts(check: Check, rules: Mapping[str, RetentionRule], *, allowed: bool = False) -> list[ResolvedRule]:
    """Return what the rules meet; ``allowed``: as of the time before the last run that each had a right to miss."""
    resolved_rule.require_unfiltered(check.conn)
    found: list[ResolvedRule] = []
    for schedule, group in groupby(
        sorted(rules.items(), key=lambda named_rule: named_rule[1].schedule), lambda named_rule: named_rule[1].schedule
    ):
        patience = check.settings.profile.schedule(schedule).max_age.total_seconds() if allowed else 0
        params = {"now": check.scan.server.taken_at, "intervals": [f"{patience} seconds"]}
        now = queries.fetch(check.conn, "retention/cutoffs", params)[0]["cutoff"]
        found += resolved_rule.find(check.conn, check.settings.profile, dict(group), now)
    return found


def _labels(found: ResolvedRule, values: Bindings) -> dict[str, sql.Composable]:
    return {
        "table": sql.Identifier(found.schema, found.name),
        "ident": values.bind(found.ident),
        "rule": values.bind(found.rule),
        "cutoff": values.bind(found.cutoff),
    }


def _flags(rule: RetentionRule) -> bool:
    return bool(rule.clock) and rule.unreferenced is None and rule.orphan_of is None


def _takes_all(found: ResolvedRule, rule: RetentionRule) -> bool:
    """Return whether the rule covers every row in time, so that the table need not be read."""
    return _flags(rule) and not rule.where and rule.clock in found.required


def _reaches(found: ResolvedRule, profile: Profile, values: Bindings) -> sql.Composable:
    """Return the clause that the rule takes a row, now or when its clock has run."""
    rule, row = profile.retention.rules[found.rule], found.name
    clauses = predicate.conditions(rule, row, values) + predicate.lifecycle(rule, row, values.bind(found.since))
    if rule.clock:
        clauses.append(queries.compose("retention/clauses/is_not_null", column=sql.Identifier(row, rule.clock)))
    return all_of(clauses)


def _unreached(found: ResolvedRule, rule: RetentionRule, reached: sql.Composable, values: Bindings) -> sql.Composable:
    row, column = found.name, sql.Identifier(found.name, rule.clock)
    expired = predicate.past_cutoff(rule, row, values.bind(found.cutoff))
    if rule.where or rule.clock_required:
        missing: list[sql.Composable] = [queries.compose("retention/clauses/is_null", column=column)]
        if not rule.clock_required:
            missing += predicate.conditions(rule, row, values)
        expired.append(all_of(missing))
    return queries.compose(
        "retention/coverage/unreached",
        0,
        row=sql.Identifier(row),
        clock=predicate.clock(rule, row),
        column=values.bind(rule.clock),
        expired=any_of(expired),
        unreached=queries.compose("retention/clauses/not_true", clause=reached),
        **_labels(found, values),
    )
