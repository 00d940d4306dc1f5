"""The records in the database itself: runs, operations, intents, deferrals, analyses.

Alert queries of operators read `public.maintenance_log`. The row of a run is open while the run goes on, and stays open
when the run died or an action failed. The next good run of the same type completes it.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from steward.database import inventory, queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from steward.database.session import Session
    from steward.profile import Profile

__all__ = [
    "OURS",
    "close_run",
    "count_deferrals",
    "deferrals",
    "expectations",
    "intent",
    "maintenance_type",
    "mark_dead",
    "open_run",
    "operation",
    "profile_figures",
    "remember_analysis",
    "remember_profile",
    "runs",
    "settle",
    "supersede",
]

# The suite's own tables among the application's: every run writes to them, whatever else it finds to do.
OURS = ("public.maintenance_log", "public.materialized_view_metadata")
_SCHEDULES = ("daily", "weekly", "monthly")
# The facts of the run in its row; those of the catalog and the target are in the run's record.
_FACTS = ("mode", "demo", "profile", "code", "runner")


def maintenance_type(schedule: str) -> str:
    """Return the ``maintenance_type`` of a schedule's runs."""
    return f"{schedule}_maintenance"


def open_run(conn: Session, run_id: str, schedule: str, facts: Mapping[str, Any]) -> int:
    """Open the row of a run and return its id; ``facts`` is the head of the run's record."""
    runner = facts["runner"]
    details = {
        **{key: facts[key] for key in _FACTS if key in facts},
        "run_id": run_id,
        "status": "running",
        # The message for alert queries while the run goes on, and after it was killed.
        "error": f"no end recorded of run {run_id} on {runner['host']}, process {runner['pid']}",
    }
    params = {"maintenance_type": maintenance_type(schedule), "started_at": facts["started_at"]}
    rows = queries.fetch(conn, "ledger/runs/open", {**params, "details": _json(details)})
    return int(rows[0]["id"])


def close_run(  # noqa: PLR0913 - how a run ends
    conn: Session,
    log_id: int,
    status: str,
    figures: Mapping[str, Any],
    *,
    complete: bool,
    error: str | None,
) -> None:
    """Write how a run ended; only a complete one's row is completed, and an incomplete one always says why."""
    details = {**figures, "status": status}
    if error is not None or not complete:
        details["error"] = error or f"the run ended {status} and was not completed"
    queries.execute(conn, "ledger/runs/close", {"id": log_id, "complete": complete, "details": _json(details)})


def supersede(conn: Session, schedule: str, log_id: int) -> None:
    """Complete older open rows of the same schedule after the good run ``log_id``; they keep status and error."""
    queries.execute(conn, "ledger/runs/supersede", {"maintenance_type": maintenance_type(schedule), "id": log_id})


def mark_dead(conn: Session, schedule: str, except_id: int) -> tuple[str, ...]:
    """Mark the schedule's open rows of runs that recorded no end as dead, and return their run ids.

    Only for the holder of the run lock: nobody else can know that those runs have ended.
    """
    params = {"maintenance_type": maintenance_type(schedule), "id": except_id}
    return tuple(sorted(row["run_id"] for row in queries.fetch(conn, "ledger/runs/mark_died", params)))


def operation(conn: Session, maintenance_type: str, started_at: datetime, details: Mapping[str, Any]) -> None:
    """Record one operation that was done; ``maintenance_type`` is the procedure's name."""
    params = {"maintenance_type": maintenance_type, "started_at": started_at, "details": _json(details)}
    queries.execute(conn, "ledger/runs/operation", params)


def runs(conn: Session, limit: int) -> list[dict[str, Any]]:
    """Return the last runs of all schedules, the newest first."""
    types = [maintenance_type(schedule) for schedule in _SCHEDULES]
    return queries.fetch(conn, "ledger/runs/latest", {"types": types, "limit": limit})


def expectations(profile: Profile) -> str:
    """Return the limits of each schedule's runs in the log, as JSON with times in seconds."""
    return json.dumps(
        [
            {
                "maintenance_type": maintenance_type(schedule),
                **{
                    name: getattr(profile.schedule(schedule), name).total_seconds()
                    for name in ("max_age", "duration_limit", "window")
                },
            }
            for schedule in _SCHEDULES
        ]
    )


def intent(  # noqa: PLR0913, PLR0917 - the table's columns
    conn: Session,
    run_id: str,
    item_id: str,
    action: str,
    object: str,  # noqa: A002 - the field is called object everywhere
    statement: str,
) -> int:
    """Record what is about to be done, before it is, and return the id to settle."""
    params = {"run_id": run_id, "item_id": item_id, "action": action, "object": object, "statement": statement}
    return int(queries.fetch(conn, "ledger/intents/record", params)[0]["id"])


def settle(conn: Session, intent_id: int, outcome: str, figures: Mapping[str, Any]) -> None:
    """Record how an intent ended; the first record of it stays."""
    queries.execute(conn, "ledger/intents/settle", {"id": intent_id, "outcome": outcome, "figures": _json(figures)})


def deferrals(conn: Session) -> dict[str, int]:
    """Return how many times in a row each object was deferred."""
    return {row["object"]: row["times"] for row in queries.fetch(conn, "ledger/deferrals/counts")}


def count_deferrals(conn: Session, deferred: Iterable[str], done: Iterable[str]) -> dict[str, int]:
    """Count this run's deferrals, end the counts of what was done, and return the counts of what was deferred."""
    objects = sorted(set(deferred))
    with conn.transaction():
        queries.execute(conn, "ledger/deferrals/forget", {"objects": sorted(set(done))})
        queries.execute(conn, "ledger/deferrals/add", {"objects": objects})
    counts = deferrals(conn)
    return {name: counts[name] for name in objects}


def remember_analysis(conn: Session, oid: int) -> None:
    """Remember the counters of a partitioned table's leaves: what changes from now on has changed since its ANALYZE."""
    queries.execute(
        conn, "ledger/remember_analysis", {"oid": oid}, counted_since=queries.compose("ledger/counted_since")
    )


def profile_figures(profile: Profile) -> dict[str, dict[str, Any]]:
    """Return the statements that copy the profile's growth figures, each with its parameters."""
    growth = profile.growth
    thresholds = {"*": growth.threshold, **growth.thresholds}
    limits = growth.model_dump(
        include={"per_month", "critical_per_month", "warning_days", "critical_days", "measured_over"}
    )
    rows = [{"relation": relation, "threshold": size, **limits} for relation, size in thresholds.items()]
    return {
        "ledger/profile/copy_scope": {"profile": profile.name, **inventory.scope(profile)},
        "ledger/profile/copy_thresholds": {"rows": json.dumps(rows)},
        "ledger/profile/forget_thresholds": {"relations": list(thresholds)},
    }


def remember_profile(conn: Session, profile: Profile) -> None:
    """Copy the limits for monitor_storage_growth(), which operators call between runs."""
    for name, params in profile_figures(profile).items():
        queries.execute(conn, name, params)


def _json(value: Mapping[str, Any]) -> Jsonb:
    return Jsonb(value, dumps=partial(json.dumps, default=str))
