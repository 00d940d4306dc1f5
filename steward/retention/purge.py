"""The purge: rows that a retention rule has expired are deleted, or changed as the rule says, and nothing else is."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psycopg import DataError

from steward import Busy, NotNeeded, OutcomeException
from steward.database import locks, queries
from steward.engine.operation import Examination, ExecutionResult, LeavesDeadRows, MaintenanceOperation
from steward.retention import batches, candidates, cascading, legal_holds, resolved_rule
from steward.retention.batches import LeafBatches, RemainingRows
from steward.retention.candidates import ExpiredRows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steward.database.session import Session
    from steward.engine.executor import Executor, Statement
    from steward.engine.operation import GatherContext, PlanContext
    from steward.retention.resolved_rule import ResolvedRule

__all__ = ["Purge"]


class Purge(MaintenanceOperation[ExpiredRows, RemainingRows], LeavesDeadRows):
    """Acts on the retention rules of the run's schedule that delete or update."""

    name = "purge"
    argument = "expired"
    phase = "purge"

    @classmethod
    def gather(cls, context: GatherContext) -> list[dict[str, Any]]:
        """Count what is due: one pass over a rule's table, whatever the number of its partitions.

        Raises:
            ProfileError: a rule does not fit the database; nothing has been deleted.

        """
        rules = candidates.acting_rules(context.settings)
        if not rules:
            return []
        resolved_rule.require_unfiltered(context.conn)
        found = resolved_rule.find(context.conn, context.settings.profile, rules, context.scan.server.taken_at)
        return [candidates.gather(context.conn, context.settings, rules[resolved.rule], resolved) for resolved in found]

    @classmethod
    def examine(cls, context: PlanContext) -> Examination[ExpiredRows]:
        """Return one subject a rule and leaf with due rows; where a lock hid them, every leaf of the rule's table."""
        gathered = [
            row
            for row in context.scan.gathered.get(cls.name, [])
            if row["facts"]["rule"] in candidates.acting_rules(context.settings)
        ]
        expired = [subject for row in gathered for subject in candidates.examine(row, context.scan, context.settings)]
        return Examination(count=len(gathered), due=tuple(expired))

    @classmethod
    def dead_rows(cls, context: PlanContext) -> Mapping[int, int]:
        """Return how many rows would be deleted or updated, by leaf; rows that follow by cascade are not among them."""
        counted: Counter[int] = Counter()
        for row in context.scan.gathered.get(cls.name, []):
            for leaf in () if row["refused"] else row["leaves"]:
                counted[leaf["oid"]] += leaf["due"]
        return counted

    def measure(self) -> RemainingRows:
        """Return what the plan has counted while any of it is due; else count what is due now, under the holds of now.

        Raises:
            RefusalError: a hold cannot be understood, or more would happen than the rule says.
            Busy: the leaf is locked.

        """
        current = _require_allowed(self.executor, self.subject)
        if self.subject.due and list(current.holds) == list(self.subject.facts.holds):
            found = _asked(
                self.executor, current, batches.recheck(current, self.executor.settings.profile, self.subject.leaf)
            )
            if found["found"]:
                return RemainingRows(
                    self.subject.due, self.subject.held, self.subject.oldest, self.subject.newest, found["pages"]
                )
        found = _asked(
            self.executor, current, batches.measure(current, self.executor.settings.profile, self.subject.leaf)
        )
        remaining = RemainingRows(**found)
        if self.subject.due == 0 and remaining.due == 0 and remaining.held:
            raise NotNeeded(
                f"{remaining.held} rows are past the rule, and a legal hold keeps every one", held=remaining.held
            )
        return remaining

    def still_due(self) -> bool:
        """Return whether any row is due now."""
        return self.before.due > 0

    def statements(self) -> tuple[Statement, ...]:
        """Return the first batch as the template of all."""
        return (batches.batch(self.subject.facts, self.executor.settings.profile, self.subject.leaf),)

    def execute(self) -> ExecutionResult[RemainingRows]:
        """Go through the leaf, then again for rows that were locked, as long as any lock is waited for.

        Raises:
            Busy: rows stayed locked throughout; the reason names who may hold them.

        """
        current = _require_allowed(self.executor, self.subject)
        steps = LeafBatches(self.executor, current, self.subject.leaf, self.before)
        try:
            with _lazily(self.executor.conn):
                remaining = self._passes(steps)
        except OutcomeException as undone:
            undone.figures.update(_figures(self.subject, steps, self.before, None))
            raise
        figures = _figures(self.subject, steps, self.before, remaining)
        if remaining.due and not steps.totals.refused:
            holders = locks.blockers(self.executor.conn, [self.subject.oid]) or "whoever held them is gone"
            raise Busy(f"{remaining.due} rows stayed locked throughout: {holders}", **figures)
        return ExecutionResult(figures, remaining)

    def threshold(self) -> int:
        """Return how many due rows may stay."""
        return 0

    def _passes(self, steps: LeafBatches) -> RemainingRows:
        limits = self.executor.settings.profile.locks
        pause, remaining = limits.backoff_base.total_seconds(), self.before
        uncounted, give_up = Purge(self.executor, replace(self.subject, due=None)), None
        while True:
            refused, steps.totals.refused = steps.totals.refused, 0
            steps.process(remaining.pages)
            remaining = uncounted.measure()
            # The patience is for what was locked: the first pass may have lasted for hours.
            give_up = give_up or time.monotonic() + limits.other.total_seconds()
            # A row that somebody changed while a batch read it stays, too; a second pass distinguishes it from a row
            # that a trigger keeps.
            if not remaining.due or (refused and steps.totals.refused) or time.monotonic() + pause > give_up:
                return remaining
            self.executor.require_may_continue()
            time.sleep(pause)
            pause = min(2 * pause, limits.backoff_cap.total_seconds())


def _asked(executor: Executor, current: ResolvedRule, statement: Statement) -> dict[str, Any]:
    try:
        return executor.execute(statement).fetchall()[0]
    except DataError as error:
        raise current.undecided(error) from error


@contextmanager
def _lazily(conn: Session) -> Iterator[None]:
    """Let no batch wait for the disk: what a crash undoes is still due, and the next run takes it.

    What says that it was done waits: the ledger's commit, which is on disk only after all that came before it.
    """
    queries.execute(conn, "session/settings/commit_without_waiting")
    try:
        yield
    finally:
        if not conn.closed and not conn.broken:
            queries.execute(conn, "session/settings/commit_as_configured")


def _require_allowed(executor: Executor, subject: ExpiredRows) -> ResolvedRule:
    """Return the rule as it is resolved now.

    Raises:
        RefusalError: the rule may not act under them.
        NotNeeded: the table is gone, or the leaf has left it.

    """
    profile = executor.settings.profile
    current = subject.facts.refreshed(executor.conn, profile)
    if subject.oid in subject.facts.family and subject.oid not in current.family:
        raise NotNeeded(f"{subject.leaf.ident} is no partition of {current.ident} any more")
    rule = profile.retention.rules[current.rule]
    cascading.require_allowed(current.rule, rule, current.cascades, current.triggers, subject.cascaded)
    if subject.oid not in current.family:
        # The effects of a delete there are unknown: it has triggers and foreign keys of its own.
        cause, remedy = f"it inherits from {current.ident} without being a partition", "give it a rule of its own"
        raise legal_holds.RefusalError(subject.leaf.ident, cause, remedy)
    if subject.leaf.kind == "f":
        cause, remedy = "rows of a foreign table have no address to walk by", "purge it where it lives"
        raise legal_holds.RefusalError(subject.leaf.ident, cause, remedy)
    if subject.leaf.kind == "p":
        raise legal_holds.RefusalError(subject.leaf.ident, "what refused the rule in the plan is gone", "run again")
    return current


def _figures(
    subject: ExpiredRows, steps: LeafBatches, before: RemainingRows, remaining: RemainingRows | None
) -> dict[str, object]:
    """Return the reconciliation: before = done + still_due + changed_meanwhile (negative: more rows came than went)."""
    totals = steps.totals
    figures: dict[str, object] = {
        "rule": subject.facts.rule,
        "cutoff": subject.facts.cutoff,
        "due": before.due,
        "done": totals.done,
        "batches": totals.batches,
        "longest_batch_seconds": round(totals.longest, 6),
        "oldest": totals.oldest,
        "newest": totals.newest,
        "cascaded": dict(subject.cascaded),
    }
    if remaining is not None:
        figures |= {
            "held": remaining.held,
            "still_due": remaining.due,
            "changed_meanwhile": before.due - totals.done - remaining.due,
        }
    return figures
