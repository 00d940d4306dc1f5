"""A coming partition while somebody reads for five seconds: the longest stall of other readers, beside other tools."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from psycopg import sql

from bench.harness import Ratio, say
from bench.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.harness import Connection, Database, Place

__all__ = ["measure"]

_OPEN = 5.0  # seconds that the reader's transaction lasts
_STALL = 250.0  # milliseconds: an attempt of 200 (locks.access_exclusive), and what the machine adds
_ROWS = 100_000
_MONTHS = 24
_WAITING = "select from pg_locks where not granted and locktype = 'relation' limit 1"


def measure(place: Place) -> list[Ratio]:
    """Compare the stalls; each measurement has a fresh table, since all create the same partition."""
    suite = partial(_suite, place)
    plain, plainly = _stall(place, suite), _stall(place, _partition_of)
    default, defaulted = _stall(place, suite, default=True), _stall(place, _partition_of, default=True)
    note = f"a reader open for {_OPEN:g} s"
    found = [
        Ratio("longest stall, against CREATE … PARTITION OF", plain, plainly, "ms", _STALL, note, absolute=True),
        Ratio("the same with a default partition", default, defaulted, "ms", _STALL, note, absolute=True),
    ]
    with place.connect() as conn:
        known = conn.execute("select from pg_available_extensions where name = 'pg_partman'").fetchone()
    if known is None:
        say("partitions: pg_partman is not installed for this server and is left out")
        return found
    partman, stalled = _stall(place, suite), _stall(place, _partman, prepare=_manage)
    return [*found, Ratio("longest stall, against pg_partman", partman, stalled, "ms", _STALL, note, absolute=True)]


def _stall(
    place: Place,
    do: Callable[[Database], None],
    *,
    default: bool = False,
    prepare: Callable[[Database], None] | None = None,
) -> float:
    """Return the longest that another reader waited while ``do`` created the next month beside an open transaction."""
    database = place.validahub(0, 1)
    _family(database, default=default)
    if prepare:
        prepare(database)
    with Probe(database, _read) as readers, _reading(database):
        do(database)
    with database.connect() as conn:
        assert _leaves(conn) > _MONTHS + default, "the partition was not created"
    database.drop()
    return readers.longest


def _family(database: Database, *, default: bool) -> None:
    """Build a table of months up to the present one; the next one is missing."""
    with database.connect() as conn:
        conn.execute("create schema shop authorization validahub_system")
        conn.execute("set role validahub_system")
        conn.execute("create table shop.events (id bigint not null, at timestamptz not null) partition by range (at)")
        for back in range(_MONTHS):
            lower, upper = _month(-back), _month(1 - back)
            name = sql.Identifier("shop", f"events_p{lower:%Y_%m}")
            conn.execute(
                sql.SQL("create table {} partition of shop.events for values from ({}) to ({})").format(
                    name, sql.Literal(lower), sql.Literal(upper)
                )
            )
        if default:
            conn.execute("create table shop.events_default partition of shop.events default")
        conn.execute(
            "insert into shop.events select n, %s + n * interval '1 second' from generate_series(1, %s) n",
            [_month(0), _ROWS],
        )
        conn.execute("create index on shop.events (id)")
        conn.execute("analyze shop.events")


def _month(offset: int) -> datetime:
    today = datetime.now(UTC)
    months = today.year * 12 + today.month - 1 + offset
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def _leaves(conn: Connection) -> int:
    row = conn.execute("select count(*) as count from pg_inherits where inhparent = 'shop.events'::regclass").fetchone()
    return int(row["count"]) if row else 0


def _read(conn: Connection) -> None:
    conn.execute("select from shop.events where id = 4711").fetchall()


@contextmanager
def _reading(database: Database) -> Iterator[None]:
    """Let another session read all partitions, and stay for a while after somebody waits for it, or needs not to."""
    done = threading.Event()
    with database.connect(autocommit=False, application_name="report") as conn, database.connect() as watching:
        conn.execute("select count(*) from shop.events")

        def stay() -> None:
            while not done.wait(0.005) and watching.execute(_WAITING).fetchone() is None:
                pass
            time.sleep(_OPEN)
            conn.rollback()

        ending = threading.Thread(target=stay)
        ending.start()
        try:
            yield
        finally:
            done.set()
            ending.join()


def _suite(place: Place, database: Database) -> None:
    run = place.run_suite(database, "-k", "partitions and not checks")
    made = [item for item in run.items("partitions") if item["outcome"] == "passed"]
    assert any("shop.events" in item["subject"] for item in made), run.record["items"]


def _partition_of(database: Database) -> None:
    statement = sql.SQL("create table shop.events_next partition of shop.events for values from ({}) to ({})")
    database.execute(statement.format(sql.Literal(_month(1)), sql.Literal(_month(2))))


def _manage(database: Database) -> None:
    """Hand the table to pg_partman 4, which then creates one month ahead."""
    with database.connect() as conn:
        conn.execute("create schema partman")
        conn.execute("create extension pg_partman schema partman")
        conn.execute(
            "select partman.create_parent('shop.events', 'at', 'native', 'monthly', p_premake := 1,"
            " p_automatic_maintenance := 'on')"
        )
        # It has made the next month already: as if a month had gone by since.
        conn.execute("update partman.part_config set premake = 2")


def _partman(database: Database) -> None:
    database.execute("select partman.run_maintenance('shop.events', p_analyze := false)")
