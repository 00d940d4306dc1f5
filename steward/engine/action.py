"""The only way to change anything: recheck → guard → journal the intent → execute with retries → measure → prove.

A `MaintenanceOperation` is one kind of work: what needs it, the statements, the measure of its effect. An `Action`
takes it through those steps on a connection that holds the run's lock and the lane's lock.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import psycopg

from steward import NotNeeded, Planned
from steward.database import locks, queries
from steward.engine import guard
from steward.engine.executor import Executor, ended_by_window, render
from steward.record import ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from steward.database.session import Session
    from steward.engine.executor import RunSettings
    from steward.engine.operation import MaintenanceOperation
    from steward.record.journal import Journal
    from steward.record.plan import PlannedItem

__all__ = ["Action", "ActionResult", "figures_of"]


M = TypeVar("M")


@dataclass(frozen=True)
class ActionResult(Generic[M]):
    """What an action did: the measure before and after, the limit that it must keep, its figures, its seconds."""

    before: M
    after: M
    threshold: Any
    figures: Mapping[str, object]
    seconds: float


class Action:
    """The ``action`` fixture of one item: takes an operation through its steps, once."""

    def __init__(  # noqa: PLR0913, PLR0917 - the surroundings of one item, named once
        self,
        settings: RunSettings,
        connect: Callable[[], Session],
        operations: Mapping[str, type[MaintenanceOperation[Any, Any]]],
        journal: Journal,
        item: PlannedItem,
        run_id: str,
    ) -> None:
        self.settings = settings
        self.record: dict[str, Any] = {}
        self._connect = connect
        self._operations = operations
        self._journal = journal
        self._item = item
        self._run_id = run_id

    def run(self, name: str, subject: Any) -> ActionResult[Any]:
        """Do the work called ``name`` on ``subject``, and return what it did.

        Raises:
            OutcomeException: it was planned only, deferred, busy, inconclusive, or not needed any more.
            psycopg.Error: the server refused a statement; the SQLSTATE is kept.

        """
        operation_class = self._operations[name]
        guard.require_open_window(self.settings.deadline, self.settings.stop)
        conn = self._connect()
        heavy, relations = operation_class.may_wait(subject), operation_class.relations(subject)
        executor = Executor(conn, self.settings, self._item.id, self._journal, heavy=heavy, relations=relations)
        operation = operation_class(executor, subject)
        if self.settings.mode == "plan":
            self._plan(operation)
        try:
            with locks.lane(conn, self._item.lane):
                return self._act(operation)
        finally:
            if executor.terminated:
                self.record["figures"] = {**self.record.get("figures", {}), **_terminated(executor)}

    def _plan(self, operation: MaintenanceOperation[Any, Any]) -> None:
        executor = operation.executor
        self.record["before"] = figures_of(operation.before)
        for statement in operation.statements():
            self._journal.write(
                "statement",
                item=executor.item_id,
                text=render(statement, executor.conn),
                locks=statement.locks,
                template=statement.template,
            )
        raise Planned(self._item.why)

    def _act(self, operation: MaintenanceOperation[Any, Any]) -> ActionResult[Any]:
        executor = operation.executor
        executor.limit(statement_timeout=self.settings.figures.timeout(operation.name))
        self.record["before"] = figures_of(operation.before)
        if not operation.still_due():
            raise NotNeeded("the need was gone when its turn came")
        executor.require_may_continue()
        threshold = operation.threshold()
        self.record["threshold"] = figures_of(threshold) if is_dataclass(threshold) else threshold
        intent = self._announce(operation)
        started_at, started = datetime.now(UTC), time.monotonic()
        try:
            result = operation.execute()
            after = operation.measure() if result.proof is None else result.proof
        except BaseException as error:
            self._settle(executor, intent, error)
            raise
        figures = {**result.figures, **_terminated(executor)}
        seconds = round(time.monotonic() - started, 6)
        self.record |= {"after": figures_of(after), "figures": dict(figures)}
        details = {"object": self._item.subject, "status": "done", "seconds": seconds, "item": executor.item_id}
        with executor.conn.transaction():
            ledger.settle(executor.conn, intent, "done", dict(figures))
            ledger.operation(executor.conn, operation.name, started_at, {**details, **figures})
        return ActionResult(operation.before, after, threshold, figures, seconds)

    def _announce(self, operation: MaintenanceOperation[Any, Any]) -> int:
        executor = operation.executor
        texts = [render(statement, executor.conn) for statement in operation.statements()]
        self._journal.write("intent", item=executor.item_id, action=operation.name, statements=texts)
        return ledger.intent(
            executor.conn,
            self._run_id,
            executor.item_id,
            operation.name,
            self._item.subject,
            "\n".join(texts),
        )

    def _settle(self, executor: Executor, intent: int, error: BaseException) -> None:
        """Leave the intent open when the connection is gone: the ledger then shows what was under way."""
        if executor.conn.closed or executor.conn.broken:
            return
        cause = ended_by_window(self.settings, error) or error
        outcome = getattr(cause, "outcome", "error")
        try:
            ledger.settle(executor.conn, intent, outcome, {"error": _one_line(cause)})
        except psycopg.Error as failure:
            self._journal.write("progress", item=executor.item_id, phase=f"intent not settled: {failure.sqlstate}")


def _terminated(executor: Executor) -> dict[str, object]:
    """Return whom the work has terminated to get its locks, as a figure of the record."""
    return {"terminated": executor.terminated} if executor.terminated else {}


def _one_line(error: BaseException) -> str:
    """Return an error's message in one line, without the server's details, which may quote a row."""
    return queries.server_message(error) if isinstance(error, psycopg.Error) else " ".join(str(error).split())


def figures_of(measure: object) -> dict[str, Any]:
    """Return a measure as a mapping for the record."""
    if is_dataclass(measure) and not isinstance(measure, type):
        return asdict(measure)
    return dict(measure) if isinstance(measure, dict) else {"value": measure}
