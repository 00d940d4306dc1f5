"""Vacuum and analyze of what needs it, beside vacuumdb of everything; both with two connections."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from psycopg import sql

from bench.harness import Ratio, in_turn, say, timed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.harness import Database, Place, Run

__all__ = ["measure"]

_JOBS = 2
_ROUNDS = 2
_LEAST = 30.0  # seconds that vacuumdb must take, or the suite's own second or two would be all that is measured
_FEW = 0.05  # of the many tables


def measure(place: Place) -> Iterator[Ratio]:
    """Compare the whole process with vacuumdb -z -j 2, where a few of many tables need it and where all do."""
    yield _compared(place, "a twentieth of {} tables needs it, the whole process", 2_000, _FEW, 5_000, 0.5)
    yield _compared(place, "all of {} tables need it, the whole process", 40, 1.0, 250_000, 1.25)


def _compared(place: Place, name: str, tables: int, share: float, rows: int, limit: float) -> Ratio:  # noqa: PLR0913, PLR0917 - one comparison
    """Wear the same tables before each of both; data grow until vacuumdb has enough to do."""
    database = place.validahub(0, 1)
    names = [f"t_{number}" for number in range(tables)]
    worn = names[: round(tables * share)]
    had, rows = 0, int(rows * place.scale)
    _make(database, names)
    while True:
        _on_each(database, names, _GROW, {"first": had + 1, "last": rows})
        _vacuumdb(database)
        _on_each(database, worn, _WEAR)
        first = _vacuumdb(database)
        say(f"vacuum: {tables} tables of {rows} rows: vacuumdb takes {first:.1f} s")
        if first >= _LEAST or place.scale < 1:
            break
        had, rows = rows, int(rows * max(1.3, 1.2 * _LEAST / first))
    runs: list[Run] = []

    def ours() -> float:
        _on_each(database, worn, _WEAR)
        place.rest()
        runs.append(place.run_suite(database, "-k", "(vacuum or analyze) and not checks", "--workers", str(_JOBS)))
        for action in ("vacuum", "analyze"):
            done = {item["subject"] for item in runs[-1].items(action) if item["outcome"] == "passed"}
            assert {f"shop.{table}" for table in worn} <= done, f"{action} left {len(worn)} tables out: {done}"
        return runs[-1].seconds

    def theirs() -> float:
        _on_each(database, worn, _WEAR)
        place.rest()
        return _vacuumdb(database)

    own, other = in_turn(_ROUNDS, ours, theirs)
    database.drop()
    note = f"{len(worn)} worn tables of {rows} rows, {len(runs[-1].record['items'])} actions, {_ROUNDS} rounds"
    return Ratio(name.format(f"{tables:,}"), own, other, "s", limit, note)


_GROW = """
    insert into {table}
    select n, n %% 1000, repeat('x', 80), now() from generate_series(%(first)s::int, %(last)s::int) n
"""
_WEAR = "update {table} set kind = kind + 1 where id % 4 = 0"


def _make(database: Database, names: Sequence[str]) -> None:
    with database.connect() as conn:
        conn.execute("create schema shop authorization validahub_system")
        conn.execute("set role validahub_system")
        for name in names:
            table = sql.Identifier("shop", name)
            columns = "id int primary key, kind int not null, content text, at timestamptz"
            conn.execute(sql.SQL("create table {} (" + columns + ")").format(table))
            conn.execute(sql.SQL("create index on {} (kind)").format(table))


def _on_each(database: Database, names: Sequence[str], statement: str, params: dict[str, int] | None = None) -> None:
    """Run a statement on each table, on two connections."""

    def some(first: int) -> None:
        with database.connect() as conn:
            for name in names[first::_JOBS]:
                conn.execute(sql.SQL(statement).format(table=sql.Identifier("shop", name)), params)

    with ThreadPoolExecutor(_JOBS) as pool:
        list(pool.map(some, range(_JOBS)))


def _vacuumdb(database: Database) -> float:
    """Vacuum and analyze the same schema; a program of 16 and later takes the schema as an option."""
    return timed(lambda: database.program("vacuumdb", "-z", "-j", str(_JOBS), "--schema=shop", "-q"))
