"""A retention rule resolved in a database: its table, its cutoff, its cascades and triggers, and legal holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from psycopg import sql

from steward import NotNeeded, PrerequisiteError, ProfileError
from steward.database import queries
from steward.retention import cascading, legal_holds, predicate
from steward.retention.cascading import Cascade, Trigger
from steward.retention.legal_holds import HeldTable, Hold, RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import DataError

    from steward.database.session import Session
    from steward.profile import Epoch, Profile, RetentionRule
    from steward.retention.predicate import Bindings

__all__ = ["ResolvedRule", "find", "from_json", "require_unfiltered", "to_json"]

# What a clock may be: something that an instant can be compared with.
_CLOCKS = frozenset({"timestamptz", "timestamp", "date"})
# With clock_epoch: something that counts since 1970.
_COUNTERS = frozenset({"int2", "int4", "int8"})


@dataclass(frozen=True)
class ResolvedRule:
    """One rule in one database, at one instant.

    ``cutoff`` and ``since`` are text, computed by the server in UTC; ``required`` are the columns that are never NULL.
    """

    rule: str
    schema: str
    name: str
    ident: str
    oid: int
    kind: str
    family: Sequence[int]
    columns: Mapping[str, str]
    required: Sequence[str]
    now: str
    cutoff: str | None
    since: str | None
    cascades: Sequence[Cascade]
    triggers: Sequence[Trigger]
    holds: Sequence[Hold]

    @property
    def table(self) -> HeldTable:
        """The rule's table as holds see it."""
        return HeldTable(self.oid, self.schema, self.name, self.family, self.columns)

    def refreshed(self, conn: Session, profile: Profile) -> ResolvedRule:
        """Return the facts with the holds and effects of this moment, the instants unchanged.

        Raises:
            RefusalError: a hold cannot be understood.
            NotNeeded: the table is gone.

        """
        named = {"schemas": [self.schema], "names": [self.name]}
        found = [row for row in queries.fetch(conn, "retention/tables", named) if row["oid"] == self.oid]
        if not found:
            raise NotNeeded(f"{self.ident} is gone")
        cascades, triggers = cascading.read(conn, profile.retention.rules[self.rule], self.oid)
        standing = legal_holds.read(conn, profile.tenancy.column)
        fresh = replace(self, family=found[0]["family"], cascades=cascades, triggers=triggers, holds=standing)
        fresh.require_valid_holds(conn)
        return fresh

    def require_valid_holds(self, conn: Session) -> None:
        """Compile every hold that this rule must keep to.

        Raises:
            RefusalError: one cannot be understood; it names the hold.

        """
        legal_holds.require_known(self.holds)
        legal_holds.require_valid(conn, self.holds, self.table)
        cascading.require_valid_holds(conn, self.holds, self.cascades)

    def undecided(self, error: DataError) -> RefusalError:
        """Return the error for a hold whose predicate compiles, and fails on some row.

        Raises:
            DataError: no hold with a predicate reaches the rule, so that the fault is not one of them.

        """
        reached = {*self.family, *(oid for cascade in self.cascades for oid in cascade.family)}
        judging = [str(hold) for hold in legal_holds.covering(self.holds, reached) if hold.predicate is not None]
        if not judging:
            raise error
        cause = f"its predicate fails on a row ({queries.server_message(error)}, SQLSTATE {error.sqlstate})"
        return RefusalError(" or ".join(judging), cause, "correct or end it; no row of the leaf is touched meanwhile")

    def parts(self, profile: Profile, values: Bindings, leaf: int | None = None) -> dict[str, sql.Composable]:
        """Return what statements on the rule's table, or on one leaf of it, are composed from."""
        rule, row = profile.retention.rules[self.rule], self.name
        clauses = predicate.past_cutoff(rule, row, values.bind(self.cutoff))
        clauses += predicate.conditions(rule, row, values)
        clauses += predicate.lifecycle(rule, row, values.bind(self.since))
        table = self.table if leaf is None else replace(self.table, oid=leaf, family=[leaf])
        kept = legal_holds.clause(self.holds, table, values)
        kept += cascading.held_through(self.cascades, self.holds, row, values)
        return {
            "row": sql.Identifier(row),
            "clock": predicate.clock(rule, row),
            "due": predicate.all_of(clauses),
            "held": predicate.any_of(kept),
        }


def to_json(facts: ResolvedRule) -> dict[str, Any]:
    """Return the facts as the scan keeps them."""
    return asdict(facts)


def from_json(data: Mapping[str, Any]) -> ResolvedRule:
    """Return the facts that ``to_json`` wrote."""
    return ResolvedRule(
        **{
            **data,
            "cascades": tuple(Cascade(**row) for row in data["cascades"]),
            "triggers": tuple(Trigger(**row) for row in data["triggers"]),
            "holds": tuple(Hold(**row) for row in data["holds"]),
        }
    )


def require_unfiltered(conn: Session) -> None:
    """Refuse a session that row-level security filters: it would delete nothing and report success.

    Raises:
        PrerequisiteError: the role has no BYPASSRLS, or row_security is on.

    """
    session = queries.fetch(conn, "retention/session")[0]
    if not session["sees_all"]:
        role = sql.Identifier(session["role"])
        statement = f"{queries.compose('bootstrap/roles/bypassrls', role=role).as_string(None)};"
        raise PrerequisiteError(
            f"role {role.as_string(None)}",
            "row-level security would hide rows from the purge",
            f"let an administrator run: {statement}",
            (statement,),
        )


def find(conn: Session, profile: Profile, rules: Mapping[str, RetentionRule], now: str) -> list[ResolvedRule]:
    """Resolve the rules, before anything is counted; a constant number of queries for each rule.

    Raises:
        ProfileError: a rule names a table or column that does not exist, or a clock that is none.

    """
    named = sorted({table for rule in rules.values() for table in _tables(rule)})
    pairs = [predicate.split_name(name) for name in named]
    found = {
        (row["schema"], row["name"]): row
        for row in queries.fetch(
            conn, "retention/tables", {"schemas": [pair[0] for pair in pairs], "names": [pair[1] for pair in pairs]}
        )
    }
    for name, rule in rules.items():
        _require_columns(name, rule, found)
    standing = legal_holds.read(conn, profile.tenancy.column)
    return [
        ResolvedRule(
            rule=name, holds=standing, **found[predicate.split_name(rule.table)], **_of_now(conn, rule, now, found)
        )
        for name, rule in rules.items()
    ]


def _of_now(
    conn: Session, rule: RetentionRule, now: str, found: Mapping[tuple[str, str], Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the rule's cutoffs at ``now``, and its cascades and triggers."""
    intervals = [rule.older_than, rule.unreferenced.within if rule.unreferenced else None]
    rows = queries.fetch(conn, "retention/cutoffs", {"now": now, "intervals": intervals})
    cutoff, since = (row["cutoff"] for row in rows)
    cascades, triggers = cascading.read(conn, rule, found[predicate.split_name(rule.table)]["oid"])
    return {"now": now, "cutoff": cutoff, "since": since, "cascades": cascades, "triggers": triggers}


def _tables(rule: RetentionRule) -> list[str]:
    others = [rule.unreferenced, rule.orphan_of]
    return [rule.table, *(other.table for other in others if other is not None)]


def _wanted(rule: RetentionRule) -> list[tuple[str, str]]:
    """Return every column that the rule names, with its table."""
    own = [rule.clock, *(condition.column for condition in rule.where), *rule.set, *rule.set_now]
    wanted = [(rule.table, column) for column in own if column]
    if rule.unreferenced:
        wanted.append((rule.table, rule.unreferenced.references))
        wanted += [(rule.unreferenced.table, column) for column in (rule.unreferenced.column, rule.unreferenced.clock)]
    if rule.orphan_of:
        wanted += [(rule.table, column) for column in rule.orphan_of.on]
        wanted += [(rule.orphan_of.table, column) for column in rule.orphan_of.on.values()]
    return wanted


def _require_columns(name: str, rule: RetentionRule, found: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
    key = f"retention.rules.{name}"
    for table, column in _wanted(rule):
        row = found.get(predicate.split_name(table))
        if row is None:
            raise ProfileError(key, f"the table {table} does not exist", "correct the rule in the profile, or drop it")
        if column not in row["columns"]:
            known = ", ".join(sorted(row["columns"]))
            raise ProfileError(key, f"{table} has no column {column}", f"correct the rule; its columns are {known}")
    clocks = [(rule.table, rule.clock, rule.clock_epoch)]
    if rule.unreferenced:
        clocks.append((rule.unreferenced.table, rule.unreferenced.clock, rule.unreferenced.clock_epoch))
    for table, clock, epoch in clocks:
        if clock:
            _require_clock(key, clock, epoch, found[predicate.split_name(table)]["columns"][clock])


def _require_clock(key: str, clock: str, epoch: Epoch | None, of_type: str) -> None:
    if of_type in _COUNTERS and epoch is None:
        remedy = 'set what it counts since 1970: clock_epoch = "days", "seconds", "milliseconds" or "microseconds"'
        raise ProfileError(key, f"the clock {clock} is an integer", remedy)
    if of_type not in (_CLOCKS if epoch is None else _COUNTERS):
        wanted = "neither a timestamp nor a date" if epoch is None else f"of type {of_type} and counts no {epoch}"
        raise ProfileError(key, f"the clock {clock} is {wanted}", "name a column that is, or correct clock_epoch")
