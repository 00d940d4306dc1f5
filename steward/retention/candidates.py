"""The rows that are due: counted once for each rule, and planned leaf by leaf."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.errors import DataError, LockNotAvailable, OutOfMemory, QueryCanceled

from steward import Deferred
from steward.database import locks, queries
from steward.engine import guard
from steward.engine.executor import ended_by_window
from steward.engine.operation import DueSubject
from steward.retention import cascading, legal_holds, resolved_rule
from steward.retention.batches import Leaf
from steward.retention.predicate import Bindings, all_of, split_name, unused_alias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from steward.database.inventory import Scan
    from steward.database.session import Session
    from steward.engine.executor import RunSettings
    from steward.profile import RetentionRule
    from steward.retention.resolved_rule import ResolvedRule

__all__ = ["ExpiredRows", "acting_rules", "examine", "gather"]

# An index pays while fetching the due rows one by one costs less than reading all pages in order: the server's own
# estimate of a random page is four sequential ones. Measured: 28 % of a million rows took 18 s by index, 3 s by pages.
_PAGES_A_ROW = 4


@dataclass(frozen=True)
class ExpiredRows:
    """The rows of one leaf that one rule has expired; ``due`` is None where a lock kept the plan from counting them."""

    facts: ResolvedRule
    leaf: Leaf
    due: int | None
    held: int
    cascaded: Mapping[str, int]
    oldest: str | None = None
    newest: str | None = None

    @property
    def oid(self) -> int:
        """The leaf, whose lock holders are named when it is busy."""
        return self.leaf.oid


def acting_rules(settings: RunSettings) -> dict[str, RetentionRule]:
    """Return the rules of the run's schedule that change rows; archives and reports are no purge."""
    return {
        name: rule
        for name, rule in sorted(settings.profile.retention.rules.items())
        if rule.schedule == settings.schedule and rule.action in ("delete", "update")
    }


def gather(conn: Session, settings: RunSettings, rule: RetentionRule, found: ResolvedRule) -> dict[str, Any]:
    """Count for one rule; why it cannot be counted, or may not act, is reported by its items and not raised here."""
    row: dict[str, Any] = {
        "facts": resolved_rule.to_json(found),
        "leaves": [],
        "cascaded": {},
        "uncounted": "",
        "refused": "",
    }
    try:
        guard.limit_to_window(conn, settings.deadline)
        found.require_valid_holds(conn)
        row["leaves"] = _count(conn, settings, rule, found)
        if row["leaves"]:
            row["cascaded"] = _count_cascades(conn, settings, found)
            cascading.require_allowed(found.rule, rule, found.cascades, found.triggers, row["cascaded"])
    except legal_holds.RefusalError as refusal:
        row["refused"] = str(refusal)
    except LockNotAvailable:
        row["uncounted"] = f"a lock is held: {locks.blockers(conn, list(found.family)) or 'whoever held it is gone'}"
    except Deferred as over:
        row["uncounted"] = over.reason
    except QueryCanceled as error:
        if settings.stop is not None and settings.stop.exists():
            raise
        ended = ended_by_window(settings, error)
        row["uncounted"] = ended.reason if ended else queries.server_message(error)
    except OutOfMemory as error:
        row["uncounted"] = (
            f"{queries.server_message(error)} (max_locks_per_transaction is too low for what follows its rows)"
        )
    except DataError as error:
        row["uncounted"] = str(found.undecided(error))
    return row


def _count(conn: Session, settings: RunSettings, rule: RetentionRule, found: ResolvedRule) -> list[dict[str, Any]]:
    leaves = _own(_reached(conn, settings, found), found, settings)
    wanted = {"relations": [leaf["oid"] for leaf in leaves], "column": rule.clock}
    pages = {row["relation"]: row["pages"] for row in queries.fetch(conn, "retention/candidates/clock_indexes", wanted)}
    # Where a batch ended is an instant, and an index on numbers does not lead there.
    ordered = rule.clock_epoch is None
    return [{**leaf, "keyset": ordered and leaf["due"] * _PAGES_A_ROW < pages.get(leaf["oid"], 0)} for leaf in leaves]


def _reached(conn: Session, settings: RunSettings, found: ResolvedRule) -> list[dict[str, Any]]:
    """Count through the parent, or leaf by leaf where the server's lock table cannot hold all that a rule reaches."""

    def rows(schema: str, name: str, leaf: int | None = None) -> list[dict[str, Any]]:
        guard.require_open_window(settings.deadline, settings.stop)
        values = Bindings()
        parts = found.parts(settings.profile, values, leaf)
        return queries.fetch(conn, "retention/candidates/due", values, table=sql.Identifier(schema, name), **parts)

    try:
        return rows(found.schema, found.name)
    except OutOfMemory:
        leaves = queries.fetch(conn, "retention/candidates/leaves", {"relations": list(found.family)})
        return [row for leaf in leaves for row in rows(leaf["schema"], leaf["name"], leaf["oid"])]


def _own(leaves: list[dict[str, Any]], found: ResolvedRule, settings: RunSettings) -> list[dict[str, Any]]:
    """Leave out tables that inherit without being partitions and have rules of their own; without one each refuses."""
    ruled = {split_name(rule.table) for rule in settings.profile.retention.rules.values()}
    return [leaf for leaf in leaves if leaf["oid"] in found.family or (leaf["schema"], leaf["name"]) not in ruled]


def _count_cascades(conn: Session, settings: RunSettings, found: ResolvedRule) -> dict[str, int]:
    """Count the rows that would follow through foreign keys, by table."""
    counted: Counter[str] = Counter()
    for cascade in found.cascades:
        values = Bindings()
        parts = found.parts(settings.profile, values)
        goes = all_of([parts["due"], queries.compose("retention/clauses/not_true", clause=parts["held"])])
        other = unused_alias("follower", [found.name])
        top = (sql.Identifier(found.schema, found.name), found.name, goes)
        rows = queries.fetch(
            conn,
            "retention/candidates/cascaded",
            values,
            table=sql.Identifier(cascade.schema, cascade.name),
            other=sql.Identifier(other),
            follows=cascading.follows_clause(cascade, found.cascades, other, top),
        )
        counted[cascade.ident] += rows[0]["rows"]
    return dict(sorted(counted.items()))


def examine(row: Mapping[str, Any], scan: Scan, settings: RunSettings) -> Iterable[DueSubject[ExpiredRows]]:
    """Return the leaves that a rule has something to do in, from what was gathered."""
    found = resolved_rule.from_json(row["facts"])
    hindered = row["refused"] or (row["uncounted"] and f"{found.rule}: not counted, since {row['uncounted']}")
    for row_of_leaf in _leaves(row, found, scan):
        leaf = Leaf(**{part.name: row_of_leaf[part.name] for part in fields(Leaf)})
        ages = row_of_leaf.get("oldest"), row_of_leaf.get("newest")
        subject = ExpiredRows(found, leaf, row_of_leaf["due"], row_of_leaf["held"], row["cascaded"], *ages)
        why = hindered or _why(subject, row_of_leaf, settings.profile.retention.rules[found.rule])
        estimate = "not counted" if subject.due is None else f"{subject.due:,} rows"
        yield DueSubject(subject, why, float(subject.due or 0), leaf.ident, f"{leaf.ident} {found.rule}", estimate)


def _leaves(row: Mapping[str, Any], found: ResolvedRule, scan: Scan) -> list[Mapping[str, Any]]:
    """Return the leaves with due rows; every leaf where they were not counted; the table of a refused rule."""
    if not row["refused"] and not row["uncounted"]:
        return list(row["leaves"])
    whole = [{name: getattr(found, name) for name in ("oid", "schema", "name", "ident", "kind")}]
    leaves = [asdict(leaf) for leaf in scan.relations if leaf.oid in found.family and leaf.kind == "r"]
    chosen = whole if row["refused"] else leaves or whole
    return [{**leaf, "due": None, "held": 0, "keyset": False} for leaf in chosen]


def _why(subject: ExpiredRows, counted: Mapping[str, Any], rule: RetentionRule) -> str:
    """Return what the rule would do to how many rows, how old they are, and what follows."""
    verb = "delete" if rule.action == "delete" else "update"
    oldest, newest, cutoff = (
        re.sub(r"\.\d+", "", str(at)) for at in (counted["oldest"], counted["newest"], subject.facts.cutoff)
    )
    age = f", {rule.clock} from {oldest} to {newest}, before {cutoff}" if rule.clock else ""
    held = f"; a legal hold keeps {subject.held} more" if subject.held else ""
    following = [f"{count} rows of {table}" for table, count in subject.cascaded.items() if count]
    follow = f"; the whole rule takes {', '.join(following)} with it" if following else ""
    return f"{subject.facts.rule}: {verb} {subject.due} rows{age}{held}{follow}"
