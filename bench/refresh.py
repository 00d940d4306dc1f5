"""Refresh by rule, beside always plain and always concurrent: its duration, and the longest wait of a reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.harness import Ratio, say, timed
from bench.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.harness import Connection, Database, Place

__all__ = ["measure"]

_LARGE, _SMALL = 300_000, 10_000
_CHANGED = (0, 1, 50)  # percent of the rows
_ALWAYS = {
    "plain": ("refresh materialized view shop.view", "analyze shop.view"),
    "concurrent": ("refresh materialized view concurrently shop.view", "vacuum (analyze) shop.view"),
}
_ALLOWED = 250.0  # milliseconds: an attempt of 200 (locks.access_exclusive), and what the machine adds


@dataclass(frozen=True)
class _Taken:
    """Seconds of the refresh, and milliseconds of the longest wait of a client that reads the view by its key."""

    seconds: float
    stall: float
    mode: str


def measure(place: Place) -> list[Ratio]:
    """Measure a view that is too large to make its readers wait, and one for which they hardly notice."""
    return [*_compared(place, _LARGE, large=True), *_compared(place, _SMALL, large=False)]


def _compared(place: Place, rows: int, *, large: bool) -> list[Ratio]:
    rows, name = max(1000, int(rows * place.scale)), "large view" if large else "small view"
    database = place.validahub(0, 1)
    _make(database, rows)
    found: list[Ratio] = []
    for changed in _CHANGED:
        plain = _theirs(place, database, changed, "plain")
        beside = _theirs(place, database, changed, "concurrent")
        ours = _ours(place, database, changed, plain.stall / 1000)
        say(f"refresh: {name}, {changed} % changed: plain {plain}, concurrent {beside}, by rule {ours}")
        what, note = f"{name}, {changed} % changed", f"{rows} rows, {ours.mode}"
        if large:
            found += [
                Ratio(f"{what}: longest stall, to always plain", ours.stall, plain.stall, "ms", 0.5, note),
                Ratio(f"{what}: whole item, to always concurrent", ours.seconds, beside.seconds, "s", 1.5, note),
            ]
        else:
            found += [
                Ratio(f"{what}: longest stall", ours.stall, plain.stall, "ms", _ALLOWED, note, absolute=True),
                Ratio(f"{what}: whole item, to always concurrent", ours.seconds, beside.seconds, "s", None, note),
            ]
    database.drop()
    return found


def _make(database: Database, rows: int) -> None:
    """Make a view of as many rows as its table, with the unique index that a concurrent refresh needs."""
    database.execute("create schema shop authorization validahub_system")
    database.execute(
        "create table shop.base as select n as id, n %% 1000 as kind, repeat('x', 60) as content "
        "from generate_series(1, %s) as n",
        params=[rows],
    )
    database.execute(
        "alter table shop.base owner to validahub_system",
        "create materialized view shop.view as select id, kind, content from shop.base",
        "create unique index on shop.view (id)",
        "create index on shop.view (kind)",
        "alter materialized view shop.view owner to validahub_system",
    )


def _prepared(place: Place, database: Database, changed: int) -> None:
    """Bring the view up to date, without anything dead, and then change rows of its table."""
    database.execute("vacuum shop.base", "refresh materialized view shop.view", "vacuum (analyze) shop.view")
    if changed:
        database.execute("update shop.base set kind = kind + 1 where id %% 100 < %s", params=[changed])
    place.rest()


def _reading(database: Database, do: Callable[[], Any]) -> tuple[float, Any]:
    def read(conn: Connection) -> None:
        conn.execute("select kind from shop.view where id = 1").fetchall()

    with Probe(database, read) as probe:
        done = do()
    return probe.longest, done


def _theirs(place: Place, database: Database, changed: int, mode: str) -> _Taken:
    """Refresh always in the same mode; what it leaves dead is vacuumed, because the suite does so, too."""
    _prepared(place, database, changed)
    stall, seconds = _reading(database, lambda: timed(lambda: database.execute(*_ALWAYS[mode])))
    return _Taken(seconds, stall, mode)


def _ours(place: Place, database: Database, changed: int, last: float) -> _Taken:
    """Run the suite, which has on record that the last refresh took as long as readers of a plain one waited."""
    _prepared(place, database, changed)
    database.execute(
        "delete from public.materialized_view_metadata",
        "delete from public.maintenance_log where maintenance_type = 'matviews'",
    )
    database.execute(
        "insert into public.materialized_view_metadata values ('shop.view', now() - interval '2 days', 1, %s)",
        params=[last],
    )
    stall, run = _reading(database, lambda: place.run_suite(database, "-k", "matviews and shop"))
    [item] = run.items("matviews")
    assert item["outcome"] == "passed", item["reason"]
    return _Taken(item["duration_seconds"], stall, item["figures"]["mode"])
