"""A family of 10,000 partitions beside one of 100: the cost of scan and checks, and of a run that finds nothing due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.harness import Ratio, say, timed
from steward import profile
from steward.database.target import Target
from steward.engine.executor import RunSettings
from tests.fixtures.scale import looks, partitioned

if TYPE_CHECKING:
    from bench.harness import Database, Place
    from tests.fixtures.scale import Looks

__all__ = ["measure"]

_SMALL, _LARGE = 100, 10_000
_LOCKS = 400  # for each session: with the default of 64 no statement could reach all partitions at once


def measure(place: Place) -> list[Ratio]:
    """Compare queries, seconds and memory; seconds and memory have absolute limits."""
    _make_room(place)
    small, large = (_family(place, size) for size in (_SMALL, max(_SMALL, int(_LARGE * place.scale) // 100 * 100)))
    few, many = _count_queries(small), _count_queries(large)
    assert few.queries.keys() == many.queries.keys()
    what = f"{len(many.queries)} looks: the scan, {len(many.due)} operations, the checks"
    # The first run of each creates the coming partition.
    place.run_suite(small)
    small_run = place.run_suite(small)
    place.run_suite(large)
    large_run = place.run_suite(large)
    return [
        Ratio("queries of all looks", sum(many.queries.values()), sum(few.queries.values()), "", 1.0, what),
        Ratio("the catalog scan", many.scan_seconds, few.scan_seconds, "s", 5.0, absolute=True),
        Ratio("all looks", many.seconds, few.seconds, "s", 30.0, what, absolute=True),
        Ratio(
            "daily with nothing due, the whole process", large_run.seconds, small_run.seconds, "s", 60.0, absolute=True
        ),
        Ratio("memory of its largest process", large_run.peak, small_run.peak, "MB", 512.0, absolute=True),
    ]


def _make_room(place: Place) -> None:
    with place.connect() as conn:
        conn.execute(f"alter system set max_locks_per_transaction = {_LOCKS}")
    place.server.stop()
    place.server.start()


def _family(place: Place, size: int) -> Database:
    database = place.validahub()
    seconds = timed(lambda: partitioned(database.connect, size))
    say(f"scale: {size} partitions made in {seconds:.0f} s")
    return database


def _count_queries(database: Database) -> Looks:
    target = Target("database", database.conninfo("validahub_maintenance"), "bench")
    settings = RunSettings(profile.load("development"), "daily")
    looks(target, settings)  # what is read once into the server's caches
    return looks(target, settings)
