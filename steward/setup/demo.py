"""The ValidaHub database as the suite builds it: schema, partitions, and demo data that needs maintenance."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from steward import TargetError
from steward.database import queries, session
from steward.profile import load
from steward.server import throwaway
from steward.setup import bootstrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from steward.database.session import Session
    from steward.database.target import Request, Target
    from steward.server.throwaway import ServerAccess

__all__ = ["DATABASE", "LOGIN", "build", "fill", "main", "opened", "partitions", "schema", "wear"]

DATABASE = "validahub"
LOGIN = "validahub_maintenance"

# Rows at scale 1: of the first load, and of the hours after it, which the materialized views have not seen.
_ROWS = {"demo/corrections": 1_050_000, "demo/suggestions": 510_000}
_LATE_ROWS = {"demo/corrections": 2_000, "demo/suggestions": 1_000}
_DISCARDED = 0.4  # of the suggestions, deleted again by wear(): the bloat; a little more than 300,000 stay

_STRUCTURE = ("01_roles", "02_types", "03_tables")  # what a bulk load needs; indexes are quicker built afterwards
_MONTHS = {"first": -29, "last": 0}
_CORES = 2


def schema(conn: Session, *scripts: str) -> None:
    """Apply ``sql/schema/`` (or these scripts of it) in order, as a superuser; roles that exist stay as they are."""
    with conn.transaction():
        for name in queries.names("schema"):
            if not scripts or name.split("/")[1] in scripts:
                queries.run_as_written(conn, name)


def partitions(conn: Session, first: int, last: int) -> None:
    """Create the leaves of correction_logs for the months from ``first`` to ``last``; the current one is 0."""
    queries.execute(conn, "demo/session/set_owner_role")
    for month in queries.fetch(conn, "demo/database/months", {"first": first, "last": last}):
        lower, upper = sql.Literal(month["lower"]), sql.Literal(month["upper"])
        queries.execute(
            conn, "demo/database/create_partition", leaf=sql.Identifier(month["name"]), lower=lower, upper=upper
        )
    queries.execute(conn, "demo/session/reset_role")


def fill(at: Target, scale: float) -> None:
    """Build schema and data as a superuser: 30 months of corrections, and no partition for the next.

    Everything is relative to the server's clock. The materialized views are made before the last six hours' rows.
    """
    with session.login(at) as conn:
        schema(conn, *_STRUCTURE)
        partitions(conn, **_MONTHS)
        for name in queries.names("demo/fill"):
            queries.execute(conn, name)
        _orphans(conn)
        clock = queries.fetch(conn, "demo/database/clock")[0]
        _load(at, scale, {"begins": clock["begins"], "ends": clock["loaded"], "discarded": _DISCARDED}, _ROWS)
        schema(conn, *({name.split("/")[1] for name in queries.names("schema")} - set(_STRUCTURE)))
        _load(at, scale, {"begins": clock["loaded"], "ends": clock["ends"], "discarded": 0.0}, _LATE_ROWS)
        queries.execute(conn, "demo/database/drop_schema")
        # Only leaves: autovacuum never analyzes a partitioned parent either.
        leaves = [month["name"] for month in queries.fetch(conn, "demo/database/months", _MONTHS)]
        _side_by_side(
            at,
            [
                _Step("demo/database/analyze", {}, table)
                for table in ("suggestions", "rule_sets", "rule_versions", *leaves)
            ],
        )


@dataclass(frozen=True)
class _Step:
    """One statement of a load, for a session of its own."""

    name: str
    params: Mapping[str, object]
    relation: str = ""

    def run(self, at: Target) -> None:
        with session.login(at) as conn:
            queries.execute(conn, "demo/session/seed")
            queries.execute(conn, "demo/session/light_statistics")
            parts = {"relation": sql.Identifier("public", self.relation)} if self.relation else {}
            queries.execute(conn, self.name, self.params, **parts)


def _load(at: Target, scale: float, span: Mapping[str, object], rows: Mapping[str, int]) -> None:
    """Insert the rows of ``span``, each table's in halves, so that two cores have something to do."""
    steps = []
    for name, at_one in rows.items():
        count = max(2, round(at_one * scale))
        for first, last in ((1, count // 2), (count // 2 + 1, count)):
            steps.append(_Step(name, {**span, "rows": count, "first": first, "last": last}))
    _side_by_side(at, steps)


def _side_by_side(at: Target, steps: Iterable[_Step]) -> None:
    with ThreadPoolExecutor(_CORES) as pool:
        for done in [pool.submit(step.run, at) for step in steps]:
            done.result()


def _orphans(conn: Session) -> None:
    queries.execute(conn, "demo/session/triggers_off")
    queries.execute(conn, "demo/database/orphans")
    queries.execute(conn, "demo/session/triggers_on")


def wear(at: Target) -> None:
    """Leave the data as months of use would: dead rows, a bloated index, an unused and an invalid one, stale views.

    A session of its own for each, because a session's end is what brings its statistics in: a VACUUM that overtook the
    counters of the deletes before it would leave dead rows on the books that are none.
    """
    for name in queries.names("demo/wear"):
        with session.login(at) as conn:
            queries.execute(conn, name)
    with session.login(at) as conn:
        queries.execute(conn, "demo/database/refreshed")
        with session.login(at) as other:
            other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            with other.transaction():
                queries.execute(other, "demo/session/hold_snapshot")
                _leave_behind(conn)


def _leave_behind(conn: Session) -> None:
    """Leave an invalid index, as a REINDEX CONCURRENTLY does that is cancelled while it waits for an older snapshot."""
    queries.execute(conn, "demo/session/brief_locks")
    try:
        queries.execute(conn, "demo/database/invalid_index")
    except psycopg.errors.LockNotAvailable:
        queries.execute(conn, "demo/session/unlimited_locks")


def build(access: ServerAccess, scale: float) -> None:
    """Create the demo database on a new server, with the suite's own objects in it."""
    with session.login(access.at("postgres", "postgres")) as conn:
        queries.execute(conn, "demo/database/create", database=sql.Identifier(DATABASE))
    at = access.at("postgres", DATABASE)
    _say("building the demo database: a minute for schema and rows")
    fill(at, scale)
    with session.login(at) as conn:
        if access.password:
            queries.execute(
                conn, "demo/database/set_password", login=sql.Identifier(LOGIN), password=sql.Literal(access.password)
            )
        bootstrap.apply(conn, load("development"))
    _say("building the demo database: wear and tear")
    wear(at)
    _say("the demo database is built")


@contextmanager
def opened(request: Request, environ: Mapping[str, str]) -> Iterator[Target]:
    """Yield the throwaway server that is asked for, as the login that maintains it, with the suite's own objects."""
    with throwaway.opened(request, environ, build) as access:
        with session.login(access.at("postgres", DATABASE)) as conn:
            bootstrap.apply(conn, load(request.profile))
        yield access.at(LOGIN, DATABASE)


def main(request: Request, scale: float, environ: Mapping[str, str]) -> int:
    """Rebuild the embedded demo database and return the exit code.

    Raises:
        TargetError: another database is named, which this would never touch, or somebody uses the demo.

    """
    if request.kind != "embedded":
        raise TargetError(
            "demo", "only the embedded database is ever rebuilt", "unset DATABASE_URL, PG* and STEWARD_TARGET"
        )
    throwaway.rebuild(environ, build, scale)
    return 0


def _say(what: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"steward: {what}\n")
