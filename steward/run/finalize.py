"""The end of a run in the database: deferrals that are one too many, and the row in ``maintenance_log``."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg

from steward import StewardError, TargetError
from steward.database import queries
from steward.record import ledger
from steward.run import exit_status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from steward.database.session import Session
    from steward.database.target import Target
    from steward.record.journal import Journal

__all__ = ["close_log_row", "connection_error", "error_line", "fail_repeated_deferrals", "record_error"]


def fail_repeated_deferrals(
    conn: Session, journal: Journal, run: Mapping[str, Any], limit: int, *, whole: bool
) -> None:
    """Make the ``limit``-th deferral of one object in a row a failure, so that no work waits for ever in silence.

    A ``whole`` run examined every object: what was not due is not waiting, and its count begins anew.
    """
    actions = {f"{item['name']} {item['subject']}": item for item in run["items"] if item["kind"] == "action"}
    deferred = [key for key, item in actions.items() if item["outcome"] == "deferred"]
    done = [key for key, item in actions.items() if item["outcome"] in {"passed", "not needed"}]
    if whole:
        done += [key for key in ledger.deferrals(conn) if key not in actions]
    counts = ledger.count_deferrals(conn, deferred, done)
    for key in deferred:
        if counts.get(key, 0) >= limit:
            reason = f"deferred {counts[key]} times in a row; the last reason: {actions[key]['reason']}"
            journal.write("escalated", item=actions[key]["id"], outcome="failed", reason=reason)


def error_line(run: Mapping[str, Any], error: StewardError | None, interrupted_by: str | None) -> str | None:
    """Return why the log's row stays open; None completes it."""
    if interrupted_by:
        return f"interrupted by {interrupted_by}"
    if error:
        return str(error)
    return exit_status.error_line(run) or (
        None if exit_status.reconciled(run) else "plan and outcomes do not reconcile"
    )


def connection_error(error: psycopg.Error, control: Session, target: Target) -> StewardError:
    """Return the error of a run whose supervisor lost its connection, or had a statement refused."""
    message = queries.server_message(error)
    if control.broken:
        return TargetError(
            target.label, f"the connection was lost ({message})", "see the server's log; the next run converges"
        )
    return TargetError(
        target.label, f"{message} (SQLSTATE {error.sqlstate})", "see docs/runbook.md; the next run converges"
    )


def record_error(error: OSError, run_dir: Path, control: Session, log_id: int | None) -> StewardError:
    """Return the error of a run whose record cannot be written, and write it into the log's row."""
    cause = f"the record cannot be written ({error.strerror or error})"
    failure = StewardError(str(run_dir), cause, "make room or set STEWARD_RUNS to another disk; the next run converges")
    if log_id is not None:
        with suppress(psycopg.Error):
            ledger.close_run(
                control, log_id, "error", {"exit_code": failure.exit_code}, complete=False, error=str(failure)
            )
    return failure


def close_log_row(
    conn: Session, log_id: int, run: Mapping[str, Any], error: str | None, selection: Sequence[str] = ()
) -> None:
    """Complete the log's row, or leave it open with its error; a good run completes those that older ones left.

    A run of only a ``selection`` of items says so, and cannot speak for what older ones left undone.

    Raises:
        psycopg.Error: the server is gone; the row stays as it was opened, which says that no end was recorded.

    """
    figures = {"totals": run["totals"], "exit_code": run["exit_code"], "duration_seconds": run["duration_seconds"]}
    if run["canary"]:
        figures["canary"] = run["canary"]
    if selection:
        figures["selection"] = " ".join(selection)
    ledger.close_run(conn, log_id, run["status"], figures, complete=error is None, error=error)
    if error is None and not selection and run["status"] != "deferred":
        ledger.supersede(conn, run["schedule"], log_id)
