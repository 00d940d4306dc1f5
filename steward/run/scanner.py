"""The scan before each phase: the catalog and what operations gather beside it, within the maintenance window."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from psycopg.errors import QueryCanceled

from steward.actions.registry import OPERATIONS
from steward.database import inventory, session
from steward.engine import guard
from steward.engine.executor import ended_by_window
from steward.engine.operation import EXPECTED, GatherContext, LeavesDeadRows, WarnsOfSettings

if TYPE_CHECKING:
    from steward.database.inventory import Scan
    from steward.database.session import Session
    from steward.engine.executor import RunSettings

__all__ = ["Scanner"]


class Scanner:
    """Scans before each phase, and remembers the dead rows that earlier phases of a plan would leave to later ones."""

    def __init__(self, conn: Session, settings: RunSettings) -> None:
        self._conn = conn
        self._settings = settings
        self._expected: Counter[int] = Counter()

    def scan(self, phase: str) -> Scan:
        """Return the catalog as it is now, with what the phase's operations need to know.

        After the end of the window a scan may still take ``run.cancel_grace``, so that each deferred object can be
        named.

        Raises:
            Deferred: the window ended during the scan; nothing is known of what is due in the phase.
            psycopg.errors.QueryCanceled: the run was stopped during the scan.

        """
        settings = self._settings
        # Checks are the evidence: they are not bound to the window.
        if settings.deadline is not None and phase != "verify":
            grace = datetime.now(UTC) + settings.profile.run.cancel_grace
            settings = replace(settings, deadline=max(settings.deadline, grace))
        else:
            settings = replace(settings, deadline=None)
        try:
            guard.limit_to_window(self._conn, settings.deadline)
            return self._scan(phase, settings)
        except QueryCanceled as error:
            over = ended_by_window(replace(settings, stop=None), error)
            if over is None or (settings.stop is not None and settings.stop.exists()):
                raise
            raise over from error
        finally:
            if not self._conn.broken:
                session.set_timeouts(self._conn, statement_timeout=self._settings.figures.statement_timeout)

    def warnings(self, phase: str) -> list[str]:
        """Return what an operator should know of the profile's figures before the phase acts by them."""
        operations = [operation for operation in OPERATIONS.values() if operation.phase == phase]
        warning = [operation for operation in operations if issubclass(operation, WarnsOfSettings)]
        return [text for operation in warning for text in operation.warnings_of(self._settings)]

    def _scan(self, phase: str, settings: RunSettings) -> Scan:
        scan = inventory.scan(self._conn, settings.profile)
        scan.gathered[EXPECTED] = [{"oid": oid, "dead_rows": rows} for oid, rows in self._expected.items()]
        context = GatherContext(settings, scan, self._conn)
        for operation in OPERATIONS.values():
            if operation.phase == phase:
                guard.limit_to_window(self._conn, settings.deadline)
                scan.gathered[operation.name] = operation.gather(context)
                if settings.mode == "plan" and issubclass(operation, LeavesDeadRows):
                    self._expected.update(operation.dead_rows(context))
        return scan
