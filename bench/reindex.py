"""Rebuilds of the indexes that are bloated, beside reindexdb of all of them; both with two connections."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from psycopg import sql

from bench.harness import Ratio, in_turn, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.harness import Database, Place, Run

__all__ = ["measure"]

_BLOATED = ("worn_1", "worn_2")
_HEALTHY = ("well_1", "well_2")
_INDEXES = 3  # of each table: a unique one, one with many equal keys, a wide one
_ROWS = 3_000_000
_WASTE = 0.4
_ROUNDS = 2
_SELECT = ("-k", "reindex and not checks", "--workers", "2")

_MAKE = (
    "create table shop.{table} (id int primary key, kind int, note text)",
    "insert into shop.{table} select n, n % 5000, 'note ' || n from generate_series(1, {rows}) as n",
    "create index on shop.{table} (kind)",
    "create index on shop.{table} (note)",
    "delete from shop.{table} where random() < {waste}",
    "vacuum (analyze) shop.{table}",
)


def measure(place: Place) -> list[Ratio]:
    """Compare the time and the WAL where half of the indexes are bloated; phase and process are shown beside them."""
    template = _made(place)
    written: dict[str, list[int]] = {"ours": [], "theirs": []}
    phase: list[float] = []
    whole: list[float] = []

    def counted(side: str, do: Callable[[Database], float]) -> Callable[[], float]:
        def once() -> float:
            database = template.copied()
            place.rest()
            before = place.wal()
            seconds = do(database)
            written[side].append(place.wal() - before)
            say(f"reindex: {side} {seconds:.1f} s, {written[side][-1] / 2**20:.0f} MB of WAL")
            database.drop()
            return seconds

        return once

    def ours(database: Database) -> float:
        run = _suite(database)
        phase.append(_phase(run))
        whole.append(run.seconds)
        return _items(run)

    own, other = in_turn(_ROUNDS, counted("ours", ours), counted("theirs", _reindexdb))
    wal = {side: median(sizes) / 2**20 for side, sizes in written.items()}
    note = f"{_INDEXES * len(_BLOATED)} of {_INDEXES * len(_BLOATED + _HEALTHY)} indexes, {_ROUNDS} rounds"
    return [
        Ratio("half of 12 indexes bloated, the items side by side", own, other, "s", 0.6, note),
        Ratio("half of 12 indexes bloated, the phase of indexes", median(phase), other, "s", None, note),
        Ratio("half of 12 indexes bloated, the whole process", median(whole), other, "s", None, note),
        Ratio("half of 12 indexes bloated, WAL", wal["ours"], wal["theirs"], "MB", 0.6, note),
    ]


def _made(place: Place) -> Database:
    """Return a database whose tables hold equally many rows, those of the bloated indexes after deletes."""
    found = place.validahub(0, 1)
    rows = round(_ROWS * place.scale)
    with found.connect() as conn:
        conn.execute("create schema shop authorization validahub_system")
        conn.execute("set role validahub_system")
        for table in (*_BLOATED, *_HEALTHY):
            waste = _WASTE if table in _BLOATED else 0.0
            parts = {"rows": sql.Literal(round(rows / (1 - waste))), "waste": sql.Literal(waste)}
            for statement in _MAKE:
                conn.execute(sql.SQL(statement).format(table=sql.Identifier(table), **parts))
    return found


def _suite(database: Database) -> Run:
    run = database.place.run_suite(database, *_SELECT)
    passed = {item["subject"] for item in run.items("reindex") if item["outcome"] == "passed"}
    expected = {f"shop.{table}_{index}" for table in _BLOATED for index in ("pkey", "kind_idx", "note_idx")}
    assert passed == expected, f"rebuilt: {sorted(passed)}"
    return run


def _items(run: Run) -> float:
    """Return the seconds from the first item's start to the last one's end."""
    items = [item for item in run.items("reindex") if item["started_at"]]
    began = [datetime.fromisoformat(item["started_at"]) for item in items]
    ended = [start + timedelta(seconds=item["duration_seconds"]) for start, item in zip(began, items, strict=True)]
    return (max(ended) - min(began)).total_seconds()


def _phase(run: Run) -> float:
    """Return the seconds of the phase, its catalog scan and its processes included."""
    [phase] = [entry for entry in run.record["phases"] if entry["name"] == "indexes"]
    began, ended = (datetime.fromisoformat(phase[key]) for key in ("started_at", "finished_at"))
    return (ended - began).total_seconds()


def _reindexdb(database: Database) -> float:
    tables = [f"--table=shop.{table}" for table in (*_BLOATED, *_HEALTHY)]
    return database.program("reindexdb", "--concurrently", "--jobs=2", *tables)
