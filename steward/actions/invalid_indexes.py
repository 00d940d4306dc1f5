"""Dropping of invalid indexes, which interrupted concurrent builds have left: they cost writes and serve no query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from steward import NotNeeded
from steward.actions.watchdog import under_watchdog
from steward.database import inventory, queries
from steward.engine.executor import Statement
from steward.engine.operation import DueSubject, Examination, ExecutionResult, MaintenanceOperation

if TYPE_CHECKING:
    from datetime import timedelta

    from steward.database.session import Session
    from steward.engine.executor import Executor, RunSettings
    from steward.engine.operation import GatherContext, PlanContext

__all__ = ["DropInvalidIndexes", "InvalidIndex", "InvalidIndexState", "drop", "of_table"]


@dataclass(frozen=True)
class InvalidIndex:
    """An invalid index that a build has left, and the valid one beside it that does the same."""

    oid: int
    schema: str
    name: str
    ident: str
    table_oid: int
    table_ident: str
    size: int
    sibling: str


@dataclass(frozen=True)
class InvalidIndexState:
    """Whether the invalid index still exists."""

    standing: bool


class DropInvalidIndexes(MaintenanceOperation[InvalidIndex, InvalidIndexState]):
    """DROP INDEX CONCURRENTLY of invalid ``_ccnew`` and ``_ccold`` indexes that have a valid twin."""

    name = "leftovers"
    argument = "leftover"
    phase = "indexes"
    heavy = False

    @classmethod
    def gather(cls, context: GatherContext) -> list[dict[str, Any]]:
        """Return the leftovers of all tables."""
        return _fetch(context.conn, context.settings)

    @classmethod
    def examine(cls, context: PlanContext) -> Examination[InvalidIndex]:
        """Return all of them: each is to be dropped."""
        left = [InvalidIndex(**row) for row in context.scan.gathered.get(cls.name, [])]
        due = (
            DueSubject(index, f"it is invalid, and {index.sibling} does the same", 1.0, index.table_ident, index.ident)
            for index in left
        )
        return Examination(sum(relation.kind in "rm" for relation in context.scan.relations), tuple(due))

    def measure(self) -> InvalidIndexState:
        """Return whether it still exists."""
        return InvalidIndexState(
            bool(queries.fetch(self.executor.conn, "maintenance/reindex/exists", {"oid": self.subject.oid}))
        )

    def still_due(self) -> bool:
        """Return whether nobody else has dropped it."""
        return self.before.standing

    def statements(self) -> tuple[Statement, ...]:
        """Return the one DROP INDEX."""
        index = sql.Identifier(self.subject.schema, self.subject.name)
        text = queries.compose("maintenance/reindex/drop", self.executor.server_version, index=index)
        return (Statement(text, f"SHARE UPDATE EXCLUSIVE on {self.subject.table_ident}"),)

    def execute(self) -> ExecutionResult[InvalidIndexState]:
        """Drop it, if it is still invalid and unused.

        Raises:
            NotNeeded: a command works on it by now, or it is valid.
            Busy: its table's lock, or the end of transactions that use the table, was not had in time.

        """
        if self.subject.oid not in {index.oid for index in of_table(self.executor, self.subject.table_oid)}:
            raise NotNeeded(f"{self.subject.ident} is in use, or valid, by now")
        drop(self.executor, self.subject)
        return ExecutionResult({"bytes": self.subject.size, "sibling": self.subject.sibling})

    @classmethod
    def relations(cls, subject: InvalidIndex) -> tuple[int, ...]:
        """Return the table, whose users are waited for."""
        return (subject.table_oid,)


def of_table(executor: Executor, table_oid: int) -> list[InvalidIndex]:
    """Return the leftovers of a table as they are now."""
    return [InvalidIndex(**row) for row in _fetch(executor.conn, executor.settings, table_oid)]


def drop(executor: Executor, leftover: InvalidIndex, drain: timedelta | None = None) -> None:
    """Drop a leftover under the watchdog, which waits for transactions as long as ``drain``."""
    [statement] = DropInvalidIndexes(executor, leftover).statements()
    with under_watchdog(executor, leftover.table_ident, drain):
        executor.execute(statement, budget="watched")


def _fetch(conn: Session, settings: RunSettings, table_oid: int = 0) -> list[dict[str, Any]]:
    within: dict[str, object] = {**inventory.scope(settings.profile), "table_oid": table_oid}
    ours = queries.compose("inventory/included", conn.info.server_version)
    return queries.fetch(conn, "maintenance/reindex_leftovers", within, ours=ours)
