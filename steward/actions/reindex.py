"""REINDEX CONCURRENTLY of bloated indexes, measured before and after, under a watchdog; drops what a failure leaves."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from steward import Busy, Inconclusive, NotNeeded, OutcomeException
from steward.actions import index_bloat, invalid_indexes
from steward.actions.index_bloat import Index
from steward.actions.watchdog import under_watchdog
from steward.database import disk_space, inventory, locks, queries
from steward.engine.executor import Statement
from steward.engine.operation import DueSubject, Examination, ExecutionResult, MaintenanceOperation

if TYPE_CHECKING:
    from steward.engine.executor import Executor
    from steward.engine.operation import GatherContext, PlanContext

__all__ = ["IndexState", "Reindex", "unsafe_server"]

_MB = 1 << 20
_TRIES = 3


@dataclass(frozen=True)
class IndexState:
    """What a rebuild is to change; ``needed`` (bytes) and ``bloat`` are None where they are unknown."""

    oid: int
    file: int
    size: int
    needed: int | None
    bloat: float | None
    valid: bool
    definition: str
    leftovers: tuple[str, ...]


class Reindex(MaintenanceOperation[Index, IndexState]):
    """Rebuilds of indexes of tables, leaves and materialized views; a parent's index has nothing to rebuild."""

    name = "reindex"
    argument = "index"
    phase = "indexes"

    @classmethod
    def gather(cls, context: GatherContext) -> list[dict[str, Any]]:
        """Return the large indexes and what is known of them; one query, whatever there is."""
        within = {**inventory.scope(context.settings.profile), "size": index_bloat.limits(context.settings).size}
        ours = queries.compose("inventory/included", context.conn.info.server_version)
        # The query leaves out locked indexes, but one can be locked after the query has read the locks.
        for _ in range(_TRIES - 1):
            with suppress(psycopg.errors.LockNotAvailable):
                return queries.fetch(context.conn, "maintenance/reindex_indexes", within, ours=ours)
        return queries.fetch(context.conn, "maintenance/reindex_indexes", within, ours=ours)

    @classmethod
    def examine(cls, context: PlanContext) -> Examination[Index]:
        """Return the candidates; those that reading the whole index does not confirm will need nothing."""
        rows = context.scan.gathered.get(cls.name, [])
        due: list[DueSubject[Index]] = []
        unmeasured = context.settings.profile.indexes.looks
        for row in rows:
            why = None if row["oid"] is None else _why(row, index_bloat.limits(context.settings))
            unmeasured -= why is not None and index_bloat.UNKNOWN in why
            if why is not None and (unmeasured >= 0 or index_bloat.UNKNOWN not in why):
                due.append(_due(row, why))
        return Examination(rows[0]["examined"] if rows else 0, tuple(due))

    def measure(self) -> IndexState:
        """Read the index, and remember what it measures.

        Raises:
            Busy: somebody has locked the index, so that not even its size can be read.
            Inconclusive: pgstattuple is not there or not allowed, or the server's rebuilds are not safe.
            NotNeeded: the index is gone.

        """
        reason = unsafe_server(self.executor.server_version)
        if reason:
            raise Inconclusive(reason)
        try:
            return _measured(self.executor, self.subject)
        except psycopg.errors.LockNotAvailable as error:
            holders = (
                locks.blockers(self.executor.conn, [self.subject.oid, self.subject.table_oid])
                or "whoever locked it is gone"
            )
            raise Busy(f"{self.subject.ident} cannot be read: {holders}") from error

    def still_due(self) -> bool:
        """Return whether the measure confirms the estimate.

        Raises:
            NotNeeded: it does not, or somebody else has rebuilt the index; the reason has the figures.

        """
        limit = self.executor.settings.figures.index_bloat
        if self.before.file != self.subject.file:
            raise NotNeeded(f"{self.subject.ident} was rebuilt meanwhile")
        if self.before.bloat is None or self.before.bloat <= limit:
            waste = "nothing" if self.before.bloat is None else f"{self.before.bloat:.0%}"
            raise NotNeeded(
                f"{waste} of its {self.before.size / _MB:,.1f} MB is waste, not over {limit:.0%}; remembered",
                bloat=self.before.bloat,
                size=self.before.size,
            )
        return True

    def statements(self) -> tuple[Statement, ...]:
        """Return the one REINDEX."""
        index = sql.Identifier(self.subject.schema, self.subject.name)
        text = queries.compose("maintenance/reindex/concurrently", self.executor.server_version, index=index)
        return (Statement(text, f"SHARE UPDATE EXCLUSIVE on {self.subject.table_ident}"),)

    def execute(self) -> ExecutionResult[IndexState]:
        """Rebuild, and drop what a failed rebuild has left.

        Raises:
            Deferred: the disk has no room for another index of its size.
            Busy: its table's lock, or the end of older transactions, was not had in time.

        """
        disk_space.require(
            self.executor.conn, self.executor.settings.profile, self.before.size, tablespace=self.subject.tablespace
        )
        how = "concurrently"
        try:
            with under_watchdog(self.executor, self.subject.table_ident):
                self.executor.execute(self.statements()[0], budget="watched")
        except (psycopg.Error, OutcomeException) as error:
            _tidy(self.executor, self.subject, self.before)
            # Only where others' transactions are the reason: a full disk or an operator's cancel is one for both ways.
            if not (self.executor.settings.profile.indexes.plain_fallback and isinstance(error, Busy)):
                raise
            _plain(self.executor, self.subject)
            how = "in place"
        predicted = {"size_predicted": self.before.needed, "bloat_before": self.before.bloat}
        return ExecutionResult({"how": how, "size_before": self.before.size, **predicted})

    def threshold(self) -> float:
        """Return the share of waste over which an index is rebuilt: it must be below it afterwards."""
        return self.executor.settings.figures.index_bloat

    @classmethod
    def relations(cls, subject: Index) -> tuple[int, ...]:
        """Return the table, whose users are waited for."""
        return (subject.table_oid,)


def unsafe_server(server_version: int) -> str | None:
    """Return why a server may not rebuild concurrently; 14.0 to 14.3 can lose entries (release notes of 14.4)."""
    if 140000 <= server_version < 140004:  # noqa: PLR2004 - as libpq counts versions
        return (
            f"server 14.{server_version % 10000} can build corrupt indexes with CONCURRENTLY: "
            "nothing is rebuilt; upgrade it to 14.4 or later"
        )
    return None


def _why(row: dict[str, Any], allowed: index_bloat.RebuildLimits) -> str | None:
    why, used = index_bloat.reason(row, allowed), index_bloat.usage(row, allowed)
    return None if why is None or used is None else f"{row['size'] / _MB:,.1f} MB, {why}; {used}"


def _due(row: dict[str, Any], why: str) -> DueSubject[Index]:
    index = Index(**{name: row[name] for name in Index.__dataclass_fields__})
    size = f"{index.size / _MB:,.1f} MB"
    return DueSubject(index, why, float(index.size), index.table_ident, index.ident, size)


def _measured(executor: Executor, subject: Index) -> IndexState:
    """Read the index, and remember what it measures."""
    named = {"schema": subject.schema, "name": subject.name, "table_oid": subject.table_oid}
    rows = queries.fetch(executor.conn, "maintenance/reindex_measure", named)
    if not rows:
        raise NotNeeded(f"{subject.ident} is gone")
    row = rows[0]
    rebuilt = row["file"] != subject.file
    needed = _needed(executor, row, rebuilt=rebuilt)
    state = IndexState(
        **{key: row[key] for key in ("oid", "file", "size", "valid", "definition")},
        needed=needed,
        bloat=None if needed is None else index_bloat.bloat_share(row["size"], needed),
        leftovers=tuple(row["leftovers"]),
    )
    if executor.settings.mode != "plan":
        _remember(executor, state, row["rows"], rebuilt=rebuilt)
    return state


def _needed(executor: Executor, row: dict[str, Any], *, rebuilt: bool) -> int | None:
    """Return the bytes that the index needs: read from it, or by what it needed a row; rebuilt, what it has."""
    if row["method"] == "btree" and row["valid"]:
        return _read(executor, row["oid"])
    if rebuilt:
        return int(row["size"])
    return round(row["known_ratio"] * row["rows"]) if row["known_ratio"] and row["rows"] > 0 else None


def _read(executor: Executor, oid: int) -> int:
    places = queries.fetch(executor.conn, "maintenance/reindex_pgstatindex")
    if not places:
        raise Inconclusive("the extension pgstattuple is missing; run nox -s bootstrap")
    function = sql.Identifier(places[0]["schema"], "pgstatindex")
    try:
        rows = queries.fetch(executor.conn, "maintenance/reindex_density", {"oid": oid}, pgstatindex=function)
    except psycopg.errors.InsufficientPrivilege as error:
        role = executor.settings.profile.roles.maintenance
        raise Inconclusive(f"{queries.server_message(error)}; grant pg_stat_scan_tables to {role}") from error
    return int(rows[0]["needed"])


def _remember(executor: Executor, state: IndexState, rows: int, *, rebuilt: bool) -> None:
    needs = state.size if rebuilt or state.needed is None else state.needed
    ratio = needs / rows if rows > 0 else None
    params = {"oid": state.oid, "size": state.size, "bloat": state.bloat, "ratio": ratio, "rebuilt": rebuilt}
    queries.execute(executor.conn, "maintenance/reindex_remember", params)


def _tidy(executor: Executor, subject: Index, before: IndexState) -> None:
    """Drop what our own failure has left; where that fails too, the next run's first step drops it."""
    if executor.conn.closed or executor.conn.broken:
        return
    profile = executor.settings.profile
    # Briefly: who kept the rebuild may keep this, and a run that is being stopped is interrupted after its grace.
    patience = min(profile.locks.other, profile.run.cancel_grace / 2)
    try:
        for leftover in invalid_indexes.of_table(executor, subject.table_oid):
            if leftover.name not in before.leftovers:
                invalid_indexes.drop(executor, leftover, patience)
    except (psycopg.Error, OutcomeException) as error:
        executor.progress(phase=f"a leftover stays until the next run: {' '.join(str(error).split())}")


def _plain(executor: Executor, subject: Index) -> None:
    """Rebuild in place, as the profile allows; only its wait is brief."""
    index = sql.Identifier(subject.schema, subject.name)
    text = queries.compose("maintenance/reindex/plain", executor.server_version, index=index)
    taken = f"SHARE on {subject.table_ident}, ACCESS EXCLUSIVE on {subject.ident}"
    executor.execute(Statement(text, taken), budget="brief")
