"""Batches of the purge: each is a transaction of its own, and its size adapts to the time that it may take."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from psycopg import sql

from steward.database import queries
from steward.engine.executor import Statement
from steward.retention import legal_holds
from steward.retention.predicate import Bindings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steward.engine.executor import Executor
    from steward.profile import Profile, Retention
    from steward.retention.resolved_rule import ResolvedRule

__all__ = ["BatchSize", "BatchTotals", "Leaf", "LeafBatches", "RemainingRows", "batch", "measure", "recheck"]

# Pages of the first range: 8 MB are read in a few milliseconds, however few rows are due in them.
_FIRST_PAGES = 1024
# A batch may grow to twice or shrink to a quarter of the one before: one slow disk flush must not upset the pace.
_FASTEST, _SLOWEST = 2.0, 0.25
_NO_AGES: Mapping[str, str | None] = {"oldest": None, "newest": None}
# A range that is swept may be this much smaller than one that is not, and still be worth it.
_SPARSE = 8
# Before 14 the server has no scan of a range of addresses: one range is all, and the limit on rows ends each batch.
_RANGE_SCANS = 140000


@dataclass(frozen=True)
class Leaf:
    """A table or partition that holds rows itself; ``keyset`` where an index walks the rule's clock in order."""

    oid: int
    schema: str
    name: str
    ident: str
    kind: str
    keyset: bool


@dataclass(frozen=True)
class RemainingRows:
    """What a rule finds in a leaf: rows due, rows that only a legal hold keeps, the clock's first and last value."""

    due: int
    held: int
    oldest: str | None
    newest: str | None
    pages: int


@dataclass
class BatchSize:
    """How much the next batch takes: rows at most, and pages of the heap."""

    limits: Retention
    rows: int
    pages: int = _FIRST_PAGES

    def adapt(self, seconds: float, rows: int) -> None:
        """Adapt to a batch of ``rows`` that took ``seconds``."""
        low, high = self.limits.batch_target_low.total_seconds(), self.limits.batch_target_high.total_seconds()
        factor = min(_FASTEST, max(_SLOWEST, (low + high) / 2 / max(seconds, 1e-6)))
        full = rows >= self.rows
        # What a batch with as many rows as it may have would have taken: a range with few of them says little.
        whole = seconds * self.rows / rows if rows else high
        if seconds > high or whole < low:
            factor = factor if seconds > high else min(_FASTEST, (low + high) / 2 / max(whole, 1e-6))
            self.rows = min(
                self.limits.batch_rows_maximum, max(self.limits.batch_rows_minimum, int(self.rows * factor))
            )
        if full:
            # The whole range was read for a part of its rows.
            self.pages = max(1, self.pages // 2)
        elif not low <= seconds <= high:
            self.pages = max(1, int(self.pages * factor))


@dataclass
class BatchTotals:
    """What the batches of one leaf have done; ``refused`` rows were locked and yet did not go (a trigger's doing)."""

    done: int = 0
    refused: int = 0
    batches: int = 0
    longest: float = 0.0
    oldest: str | None = None
    newest: str | None = None

    def add(self, found: Mapping[str, Any], seconds: float) -> None:
        """Add one batch; the clock's text sorts by time, since the session writes it in UTC and ISO 8601."""
        self.done += found["done"]
        self.refused += found["locked"] - found["done"]
        self.batches += 1
        self.longest = max(self.longest, seconds)
        clocks = [clock for clock in (self.oldest, self.newest, found["oldest"], found["newest"]) if clock is not None]
        self.oldest, self.newest = min(clocks, default=None), max(clocks, default=None)


def measure(facts: ResolvedRule, profile: Profile, leaf: Leaf) -> Statement:
    """Return the statement that counts what is due and what is held in a leaf."""
    values = Bindings()
    parts = facts.parts(profile, values, leaf.oid)
    text = queries.compose("maintenance/purge_leaf/measure", 0, leaf=sql.Identifier(leaf.schema, leaf.name), **parts)
    return Statement(text, locks=f"ACCESS SHARE on {leaf.ident}", params={**values, "relation": leaf.oid})


def recheck(facts: ResolvedRule, profile: Profile, leaf: Leaf) -> Statement:
    """Return the statement that only checks whether any row is due in a leaf."""
    values = Bindings()
    parts = facts.parts(profile, values, leaf.oid)
    del parts["clock"]
    text = queries.compose("maintenance/purge_leaf/recheck", 0, leaf=sql.Identifier(leaf.schema, leaf.name), **parts)
    return Statement(text, locks=f"ACCESS SHARE on {leaf.ident}", params={**values, "relation": leaf.oid})


def batch(facts: ResolvedRule, profile: Profile, leaf: Leaf, *, sweeping: bool = False) -> Statement:
    """Return the statement of the first batch; the others differ in where they start and how much they take."""
    values = Bindings()
    parts = facts.parts(profile, values, leaf.oid) | {"leaf": sql.Identifier(leaf.schema, leaf.name)}
    start: dict[str, object] = {"rows": profile.retention.batch_rows_start}
    if not sweeping:
        parts["change"] = _change(facts, profile, values, parts)
    if sweeping:
        text = queries.compose("maintenance/purge_batch/sweep", 0, **parts)
        start |= {"after": "(0,0)", "before": f"({_FIRST_PAGES},0)"}
    elif leaf.keyset:
        text = queries.compose("maintenance/purge_batch/keyset", 0, **parts)
        start |= {"after": "-infinity"}
    else:
        text = queries.compose("maintenance/purge_batch/range", 0, **parts)
        start |= {"after": "(0,0)", "before": f"({_FIRST_PAGES},0)"}
    return Statement(text, locks=f"ROW EXCLUSIVE on {leaf.ident}", params={**values, **start}, template=True)


def _change(
    facts: ResolvedRule, profile: Profile, values: Bindings, parts: Mapping[str, sql.Composable]
) -> sql.Composed:
    rule = profile.retention.rules[facts.rule]
    if rule.action == "delete":
        return queries.compose("maintenance/purge_batch/delete", 0, **parts)
    changes = {**rule.set, **dict.fromkeys(rule.set_now, facts.now)}
    assignments = [
        queries.compose("maintenance/purge_batch/assignment", column=sql.Identifier(column), value=values.bind(value))
        for column, value in changes.items()
    ]
    return queries.compose("maintenance/purge_batch/update", 0, assignments=sql.SQL(", ").join(assignments), **parts)


def _range(after: str, end: int) -> dict[str, str]:
    return {"after": after, "before": f"({end},0)"}


class LeafBatches:
    """The batches of one leaf; ``totals`` counts what all passes over it have done."""

    def __init__(self, executor: Executor, facts: ResolvedRule, leaf: Leaf, before: RemainingRows) -> None:
        self.totals = BatchTotals()
        self._executor = executor
        self._facts = facts
        self._leaf = leaf
        self._before = before
        self._profile = executor.settings.profile
        self._batch_size = BatchSize(self._profile.retention, self._profile.retention.batch_rows_start)
        self._compose()
        density = queries.fetch(executor.conn, "maintenance/purge_leaf/density", {"relation": leaf.oid})
        self._most_a_page = max((row["rows_a_page"] for row in density), default=1)
        self._rows_a_page = float(self._most_a_page)
        # A page does not show the cost of rows with cascades, and rows that a trigger keeps must be distinguished from
        # locked ones. Before 14 no range of pages is read by itself.
        rule = self._profile.retention.rules[facts.rule]
        plain = rule.action == "delete" and not facts.triggers and not facts.cascades
        self._sweeps = plain and executor.server_version >= _RANGE_SCANS

    def _compose(self) -> None:
        self._statement = batch(self._facts, self._profile, self._leaf)
        self._sweep = batch(self._facts, self._profile, self._leaf, sweeping=True)

    def process(self, pages: int) -> None:
        """Take every due row that nobody has locked, in a leaf of so many pages.

        Raises:
            Deferred: the window is over; what is done stays done.
            Busy: the leaf itself is locked.
            RefusalError: a hold came up that cannot be understood.

        """
        if self._leaf.keyset:
            self._by_index()
        else:
            self._by_pages(pages)
        # What a pass has left was locked: the next one passes over it again, and tells it from what a trigger keeps.
        self._sweeps = False

    def _by_index(self) -> None:
        after, more = "-infinity", True
        while more:
            rows = self._batch_size.rows
            found = self._batch(after=after)
            # Rows that do not go stand at the front of the next batch, too: leave them to the final pass.
            more = found["locked"] >= rows and found["done"] > 0
            after = found["newest"]

    def _by_pages(self, pages: int) -> None:
        page, after = 0, "(0,0)"
        while page < pages:
            end = min(pages, page + self._sweepable())
            if end > page and self._swept(after, end):
                page, after = end, f"({end},0)"
                continue
            step = self._batch_size.pages if self._executor.server_version >= _RANGE_SCANS else pages
            end, rows = min(pages, page + step), self._batch_size.rows
            found = self._batch(**_range(after, end))
            if found["locked"] >= rows:
                after = found["last"]
                page = int(after[1 : after.index(",")])
            else:
                page, after = end, f"({end},0)"

    def _sweepable(self) -> int:
        """Return the pages that the next batch may take in one step, so that it has no more rows than a batch may have.

        A page may have twice the due rows of those before it, or all its rows where none was swept. Where few rows are
        due, ranges as small as that would cost more than they save.
        """
        if not self._sweeps or not self.totals.batches:
            return 0
        pages = min(self._batch_size.pages, int(self._batch_size.rows / self._rows_a_page))
        return pages if pages * _SPARSE >= self._batch_size.pages else 0

    def _swept(self, after: str, end: int) -> bool:
        """Take a range in one step; False where a row of it is locked, and nothing was done."""
        first = int(after[1 : after.index(",")])
        self._before_batch()
        started = time.monotonic()
        cursor = self._executor.try_execute(replace(self._sweep, params={**self._sweep.params, **_range(after, end)}))
        if cursor is None:
            self._sweeps = False
            return False
        rows = cursor.rowcount
        self._batch_size.pages = max(1, end - first)
        self._rows_a_page = min(self._most_a_page, max(1.0, 2 * rows / self._batch_size.pages))
        # A sweep does not say how old its rows were: those that were counted before stand for them.
        ages = {"oldest": self._before.oldest, "newest": self._before.newest} if rows else _NO_AGES
        self._learn({"locked": rows, "done": rows, **ages}, started, first=first, last=end - 1)
        return True

    def _batch(self, **start: str) -> Mapping[str, Any]:
        self._before_batch()
        params = {**self._statement.params, **start, "rows": self._batch_size.rows}
        started = time.monotonic()
        found = self._executor.execute(replace(self._statement, params=params)).fetchall()[0]
        self._learn(found, started)
        return found

    def _before_batch(self) -> None:
        # A sweep had a lock timeout of its own.
        self._executor.limit(lock_timeout=self._profile.locks.other)
        if self.totals.batches:
            self._executor.require_may_continue()
        self._refresh_holds()

    def _learn(self, found: Mapping[str, Any], started: float, **pages: int) -> None:
        seconds = time.monotonic() - started
        self.totals.add(found, seconds)
        self._batch_size.adapt(seconds, found["locked"])
        self._report(found, seconds, pages)

    def _refresh_holds(self) -> None:
        """Read holds again where any was placed or ended since the last batch: a purge may last for hours."""
        if legal_holds.changed(self._executor.conn, self._facts.holds):
            standing = legal_holds.read(self._executor.conn, self._profile.tenancy.column)
            self._facts = replace(self._facts, holds=standing)
            self._facts.require_valid_holds(self._executor.conn)
            self._compose()

    def _report(self, found: Mapping[str, Any], seconds: float, pages: Mapping[str, int]) -> None:
        known = pages or {"oldest": found["oldest"], "newest": found["newest"]}
        self._executor.progress(
            phase=self._facts.rule,
            done=self.totals.done,
            total=self._before.due,
            rows=found["done"],
            seconds=round(seconds, 6),
            **known,
        )
