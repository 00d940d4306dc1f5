"""Walks a leaf in batches: each its own transaction, its size adapted to the time that it may take."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from psycopg import sql

from steward import queries
from steward.action import Statement
from steward.retention import holds
from steward.retention.predicate import Bindings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steward.action import Work
    from steward.profile import Profile, Retention
    from steward.retention.facts import Facts

__all__ = ["Leaf", "Pace", "Tally", "Walk", "batch", "measure"]

# Pages of the first range: 8 MB are read in a few milliseconds, however few rows are due in them.
_FIRST_PAGES = 1024
# A batch may grow to twice or shrink to a quarter of the one before: one slow disk flush must not upset the pace.
_FASTEST, _SLOWEST = 2.0, 0.25
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


@dataclass
class Pace:
    """How much the next batch takes: rows at most, and pages of the heap."""

    limits: Retention
    rows: int
    pages: int = _FIRST_PAGES

    def adapt(self, seconds: float, rows: int) -> None:
        """Learn from a batch of ``rows`` that took ``seconds``."""
        low, high = self.limits.batch_target_low.total_seconds(), self.limits.batch_target_high.total_seconds()
        factor = min(_FASTEST, max(_SLOWEST, (low + high) / 2 / max(seconds, 1e-6)))
        full = rows >= self.rows
        if seconds > high or (full and seconds < low):
            self.rows = min(
                self.limits.batch_rows_maximum, max(self.limits.batch_rows_minimum, int(self.rows * factor))
            )
        if full:
            # The whole range was read for a part of its rows.
            self.pages = max(1, self.pages // 2)
        elif not low <= seconds <= high:
            self.pages = max(1, int(self.pages * factor))


@dataclass
class Tally:
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


def measure(facts: Facts, profile: Profile, leaf: Leaf) -> Statement:
    """Return the statement that counts what is due and what is held in a leaf."""
    values = Bindings()
    parts = facts.parts(profile, values, leaf.oid)
    text = queries.compose("maintenance/purge_measure", 0, leaf=sql.Identifier(leaf.schema, leaf.name), **parts)
    return Statement(text, locks=f"ACCESS SHARE on {leaf.ident}", params={**values, "relation": leaf.oid})


def batch(facts: Facts, profile: Profile, leaf: Leaf) -> Statement:
    """Return the statement of the first batch; the others differ in where they start and how much they take."""
    values = Bindings()
    parts = facts.parts(profile, values, leaf.oid) | {"leaf": sql.Identifier(leaf.schema, leaf.name)}
    parts["change"] = _change(facts, profile, values, parts)
    start: dict[str, object] = {"rows": profile.retention.batch_rows_start}
    if leaf.keyset:
        text = queries.compose("maintenance/purge_keyset", 0, **parts)
        start |= {"after": "-infinity"}
    else:
        text = queries.compose("maintenance/purge_range", 0, **parts)
        start |= {"after": "(0,0)", "before": f"({_FIRST_PAGES},0)"}
    return Statement(text, locks=f"ROW EXCLUSIVE on {leaf.ident}", params={**values, **start}, template=True)


def _change(facts: Facts, profile: Profile, values: Bindings, parts: Mapping[str, sql.Composable]) -> sql.Composed:
    rule = profile.retention.rules[facts.rule]
    if rule.action == "delete":
        return queries.compose("maintenance/purge_delete", 0, **parts)
    changes = {**rule.set, **dict.fromkeys(rule.set_now, facts.now)}
    assignments = [
        queries.compose("retention/assign", column=sql.Identifier(column), value=values.bind(value))
        for column, value in changes.items()
    ]
    return queries.compose("maintenance/purge_update", 0, assignments=sql.SQL(", ").join(assignments), **parts)


class Walk:
    """Goes through a leaf, as often as it is asked to, and keeps the tally of all its batches."""

    def __init__(self, work: Work, facts: Facts, leaf: Leaf, due: int) -> None:
        self.tally = Tally()
        self._work = work
        self._facts = facts
        self._leaf = leaf
        self._due = due
        self._profile = work.settings.profile
        self._pace = Pace(self._profile.retention, self._profile.retention.batch_rows_start)
        self._statement = batch(facts, self._profile, leaf)

    def through(self, pages: int) -> None:
        """Take every due row that nobody has locked, in a leaf of so many pages.

        Raises:
            Deferred: the window is over; what is done stays done.
            Busy: the leaf itself is locked.
            RefusalError: a hold came up that cannot be understood.

        """
        if self._leaf.keyset:
            self._along_index()
        else:
            self._along_heap(pages)

    def _along_index(self) -> None:
        after, more = "-infinity", True
        while more:
            rows = self._pace.rows
            found = self._batch(after=after)
            # Rows that do not go stand at the front of the next batch, too: leave them to the final pass.
            more = found["locked"] >= rows and found["done"] > 0
            after = found["newest"]

    def _along_heap(self, pages: int) -> None:
        page, after = 0, "(0,0)"
        while page < pages:
            step = self._pace.pages if self._work.server_version >= _RANGE_SCANS else pages
            end, rows = min(pages, page + step), self._pace.rows
            found = self._batch(after=after, before=f"({end},0)")
            if found["locked"] >= rows:
                after = found["last"]
                page = int(after[1 : after.index(",")])
            else:
                page, after = end, f"({end},0)"

    def _batch(self, **start: str) -> Mapping[str, Any]:
        if self.tally.batches:
            self._work.go_on()
        self._keep_to_holds()
        params = {**self._statement.params, **start, "rows": self._pace.rows}
        started = time.monotonic()
        cursor = self._work.execute(replace(self._statement, params=params))
        found = cursor.fetchall()[0]
        seconds = time.monotonic() - started
        self.tally.add(found, seconds)
        self._pace.adapt(seconds, found["locked"])
        self._report(found, seconds)
        return found

    def _keep_to_holds(self) -> None:
        """Look for holds that came or went since the last batch: a purge may last longer than a court's patience."""
        if holds.changed(self._work.conn, self._facts.holds):
            standing = holds.read(self._work.conn, self._profile.tenancy.column)
            self._facts = replace(self._facts, holds=standing)
            self._facts.require_valid_holds(self._work.conn)
            self._statement = batch(self._facts, self._profile, self._leaf)

    def _report(self, found: Mapping[str, Any], seconds: float) -> None:
        self._work.progress(
            phase=self._facts.rule,
            done=self.tally.done,
            total=self._due,
            rows=found["done"],
            oldest=found["oldest"],
            newest=found["newest"],
            seconds=round(seconds, 6),
        )
