"""The purge: rows that a retention rule has expired are deleted, or changed as the rule says, and nothing else is."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.errors import LockNotAvailable

from steward import Busy, NotNeeded, Undone, locks, queries
from steward.action import Due, Examined, Procedure
from steward.retention import effects, facts, holds, walk
from steward.retention.predicate import Bindings, all_of, another
from steward.retention.walk import Leaf, Walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from steward.action import Settings, Statement, Work
    from steward.inventory import Scan
    from steward.profile import RetentionRule
    from steward.retention.facts import Facts
    from steward.session import Session

__all__ = ["Expired", "Purge", "Remaining"]


@dataclass(frozen=True)
class Expired:
    """The rows of one leaf that one rule has expired; ``due`` is None where a lock kept the plan from counting them."""

    facts: Facts
    leaf: Leaf
    due: int | None
    held: int
    cascaded: Mapping[str, int]

    @property
    def oid(self) -> int:
        """The leaf, whose lock holders are named when it is busy."""
        return self.leaf.oid


@dataclass(frozen=True)
class Remaining:
    """What a rule finds in a leaf: rows due, rows that only a legal hold keeps, the clock's first and last value."""

    due: int
    held: int
    oldest: str | None
    newest: str | None
    pages: int


class Purge(Procedure[Expired, Remaining]):
    """Acts on the retention rules of the run's schedule that delete or update."""

    name = "purge"
    subject = "expired"
    phase = "purge"

    def gather(self, conn: Session, settings: Settings, scan: Scan) -> list[dict[str, Any]]:
        """Count what is due: one pass over a rule's table, whatever the number of its partitions.

        Raises:
            ProfileError: a rule does not fit the database; nothing has been deleted.

        """
        rules = _acting(settings)
        if not rules:
            return []
        facts.require_unfiltered(conn)
        found = facts.find(conn, settings.profile, rules, scan.server.taken_at)
        return [_gather(conn, settings, rules[each.rule], each) for each in found]

    def examine(self, scan: Scan, settings: Settings) -> Examined[Expired]:
        """Return one subject a rule and leaf with due rows; where a lock hid them, every leaf of the rule's table."""
        gathered = [row for row in scan.gathered.get(self.name, []) if row["facts"]["rule"] in _acting(settings)]
        due = [each for row in gathered for each in _examine(row, scan, settings)]
        return Examined(count=len(gathered), due=tuple(due))

    def measure(self, work: Work, subject: Expired) -> Remaining:
        """Count what is due now, under the holds of now.

        Raises:
            RefusalError: a hold cannot be understood, or more would happen than the rule says.
            Busy: the leaf is locked.

        """
        current = _require_allowed(work, subject)
        found = work.execute(walk.measure(current, work.settings.profile, subject.leaf)).fetchall()[0]
        remaining = Remaining(**found)
        if subject.due == 0 and remaining.due == 0 and remaining.held:
            raise NotNeeded(
                f"{remaining.held} rows are past the rule, and a legal hold keeps every one", held=remaining.held
            )
        return remaining

    def still_due(self, before: Remaining, subject: Expired, settings: Settings) -> bool:  # noqa: ARG002
        """Tell whether any row is due now."""
        return before.due > 0

    def statements(self, subject: Expired, settings: Settings, server_version: int) -> tuple[Statement, ...]:  # noqa: ARG002
        """Return the first batch as the template of all."""
        return (walk.batch(subject.facts, settings.profile, subject.leaf),)

    def execute(self, work: Work, subject: Expired, before: Remaining) -> Mapping[str, object]:
        """Go through the leaf, then again for rows that were locked, as long as any lock is waited for.

        Raises:
            Busy: rows stayed locked throughout; the reason names who may hold them.

        """
        current = _require_allowed(work, subject)
        steps = Walk(work, current, subject.leaf, before.due)
        try:
            remaining = self._passes(work, subject, steps, before)
        except Undone as undone:
            undone.figures.update(_figures(subject, steps, before, None))
            raise
        figures = _figures(subject, steps, before, remaining)
        if remaining.due and not steps.tally.refused:
            holders = locks.blockers(work.conn, [subject.oid]) or "whoever held them is gone"
            raise Busy(f"{remaining.due} rows stayed locked throughout: {holders}", **figures)
        return figures

    def threshold(self, before: Remaining, subject: Expired, settings: Settings) -> int:  # noqa: ARG002
        """Return how many due rows may stay."""
        return 0

    def _passes(self, work: Work, subject: Expired, steps: Walk, before: Remaining) -> Remaining:
        limits = work.settings.profile.locks
        give_up = time.monotonic() + limits.other.total_seconds()
        pause, remaining = limits.backoff_base.total_seconds(), before
        while True:
            steps.tally.refused = 0
            steps.through(remaining.pages)
            remaining = self.measure(work, replace(subject, due=None))
            if not remaining.due or steps.tally.refused or time.monotonic() + pause > give_up:
                return remaining
            work.go_on()
            time.sleep(pause)
            pause = min(2 * pause, limits.backoff_cap.total_seconds())


def _acting(settings: Settings) -> dict[str, RetentionRule]:
    """Return the rules of the run's schedule that change rows; archives and reports are no purge."""
    return {
        name: rule
        for name, rule in sorted(settings.profile.retention.rules.items())
        if rule.schedule == settings.schedule and rule.action in ("delete", "update")
    }


def _gather(conn: Session, settings: Settings, rule: RetentionRule, found: Facts) -> dict[str, Any]:
    """Count for one rule; what keeps it from being counted, or from acting, is said by its item and not here."""
    row: dict[str, Any] = {"facts": facts.to_json(found), "leaves": [], "cascaded": {}, "locked": None, "refused": None}
    try:
        found.require_valid_holds(conn)
        row["leaves"] = _count(conn, settings, rule, found)
        if row["leaves"]:
            row["cascaded"] = _count_cascades(conn, settings, found)
            effects.require_allowed(found.rule, rule, found.cascades, found.triggers, row["cascaded"])
    except holds.RefusalError as refusal:
        row["refused"] = str(refusal)
    except LockNotAvailable:
        row["locked"] = locks.blockers(conn, list(found.family)) or "whoever held it is gone"
    return row


def _count(conn: Session, settings: Settings, rule: RetentionRule, found: Facts) -> list[dict[str, Any]]:
    values = Bindings()
    table = sql.Identifier(found.schema, found.name)
    leaves = queries.fetch(conn, "retention/due", values, table=table, **found.parts(settings.profile, values))
    wanted = {"relations": [leaf["oid"] for leaf in leaves], "column": rule.clock}
    ordered = {row["relation"] for row in queries.fetch(conn, "retention/clock_indexes", wanted)}
    return [{**leaf, "keyset": leaf["oid"] in ordered} for leaf in leaves]


def _count_cascades(conn: Session, settings: Settings, found: Facts) -> dict[str, int]:
    """Count the rows that would follow through foreign keys, by table."""
    counted: Counter[str] = Counter()
    for cascade in found.cascades:
        values = Bindings()
        parts = found.parts(settings.profile, values)
        goes = all_of([parts["due"], queries.compose("retention/not_true", clause=parts["held"])])
        other = another("follower", [found.name])
        top = (sql.Identifier(found.schema, found.name), found.name, goes)
        rows = queries.fetch(
            conn,
            "retention/cascaded",
            values,
            table=sql.Identifier(cascade.schema, cascade.name),
            other=sql.Identifier(other),
            follows=effects.follows(cascade, found.cascades, other, top),
        )
        counted[cascade.ident] += rows[0]["rows"]
    return dict(sorted(counted.items()))


def _examine(row: Mapping[str, Any], scan: Scan, settings: Settings) -> Iterable[Due[Expired]]:
    found = facts.from_json(row["facts"])
    hindered = row["refused"]
    if row["locked"]:
        hindered = f"{found.rule}: not counted, since a lock is held: {row['locked']}"
    for each in _leaves(row, found, scan):
        leaf = Leaf(**{part.name: each[part.name] for part in fields(Leaf)})
        subject = Expired(found, leaf, each["due"], each["held"], row["cascaded"])
        why = hindered or _why(subject, each, settings.profile.retention.rules[found.rule])
        yield Due(subject, why, float(subject.due or 0), leaf.ident, f"{leaf.ident} {found.rule}")


def _leaves(row: Mapping[str, Any], found: Facts, scan: Scan) -> list[Mapping[str, Any]]:
    """Return the leaves to work on: those with due rows, every one where a lock hid them, one that tells a refusal."""
    uncounted = {"due": None, "held": 0, "keyset": False}
    if row["refused"]:
        whole = {
            "oid": found.oid,
            "schema": found.schema,
            "name": found.name,
            "ident": found.ident,
            "kind": found.kind,
        }
        return [whole | uncounted]
    if row["locked"]:
        leaves = [each for each in scan.relations if each.oid in found.family and each.kind == "r"]
        return [asdict(each) | uncounted for each in leaves]
    return list(row["leaves"])


def _why(subject: Expired, counted: Mapping[str, Any], rule: RetentionRule) -> str:
    """Say what the rule would do to how many rows, how old they are, and what follows."""
    verb = "delete" if rule.action == "delete" else "update"
    age = (
        f", {rule.clock} from {counted['oldest']} to {counted['newest']}, before {subject.facts.cutoff}"
        if rule.clock
        else ""
    )
    held = f"; a legal hold keeps {subject.held} more" if subject.held else ""
    following = [f"{count} rows of {table}" for table, count in subject.cascaded.items() if count]
    follow = f"; the whole rule takes {', '.join(following)} with it" if following else ""
    return f"{subject.facts.rule}: {verb} {subject.due} rows{age}{held}{follow}"


def _require_allowed(work: Work, subject: Expired) -> Facts:
    """Return the facts of this moment.

    Raises:
        RefusalError: the rule may not act under them.

    """
    profile = work.settings.profile
    current = subject.facts.refreshed(work.conn, profile)
    rule = profile.retention.rules[current.rule]
    effects.require_allowed(current.rule, rule, current.cascades, current.triggers, subject.cascaded)
    if subject.leaf.kind == "f":
        cause, remedy = "rows of a foreign table have no address to walk by", "purge it where it lives"
        raise holds.RefusalError(subject.leaf.ident, cause, remedy)
    if subject.leaf.kind == "p":
        raise holds.RefusalError(subject.leaf.ident, "what kept the rule from being counted is gone", "run again")
    return current


def _figures(subject: Expired, steps: Walk, before: Remaining, remaining: Remaining | None) -> dict[str, object]:
    """Return the reconciliation: before = done + still_due + changed_meanwhile (negative: more rows came than went)."""
    tally = steps.tally
    figures: dict[str, object] = {
        "rule": subject.facts.rule,
        "cutoff": subject.facts.cutoff,
        "due": before.due,
        "done": tally.done,
        "batches": tally.batches,
        "longest_batch_seconds": round(tally.longest, 6),
        "oldest": tally.oldest,
        "newest": tally.newest,
        "cascaded": dict(subject.cascaded),
    }
    if remaining is not None:
        figures |= {
            "held": remaining.held,
            "still_due": remaining.due,
            "changed_meanwhile": before.due - tally.done - remaining.due,
        }
    return figures
