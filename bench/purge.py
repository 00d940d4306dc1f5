"""A purge of 500,000 of 2,000,000 rows without an index on the rule, beside one DELETE of the same rows."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING

from psycopg import sql

from bench.harness import Ratio, in_turn, say, timed
from bench.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.harness import Database, Place, Run

__all__ = ["measure"]

_ROUNDS = 3
# A quarter of the rows have expired, and lie between the others on every page: nothing can be left out by its place.
_ROWS = """
    insert into public.suggestions (tenant_id, job_id, record_number, field_name, model_name, model_type, model_version,
        source, status, confidence_score, expires_at)
    select 't_' || number %% 50, gen_random_uuid(), number, 'title', 'model', 'text', '1', 'job', 'generated',
        case when random() < 0.25 then 0.1 else 0.8 end, now() - interval '10 days'
    from generate_series(1, %(rows)s) as number
"""
_DELETE = """
    delete from public.suggestions
    where expires_at < now() - interval '1 day' and status in ('generated', 'reviewed') and confidence_score < 0.3
"""
_LEFT = (
    "select 1 from public.suggestions where expires_at < now() - interval '1 day' and confidence_score < 0.3 limit 1"
)
# A writer meets the rows as they lie, those that are going among them.
_WRITE = "update public.suggestions set updated_at = now() where id = %s"
_INDEXES = """
    select relname::text as name from pg_index join pg_class on pg_class.oid = indexrelid
    where indrelid = 'public.suggestions'::regclass and not indisprimary
"""


def measure(place: Place) -> list[Ratio]:
    """Compare the seconds of both, then the stalls of another client beside each of them."""
    filled = _filled(place)
    runs: list[Run] = []

    def purge(*, beside: list[Probe] | None = None) -> float:
        with _copy(filled, beside) as database:
            runs.append(place.run_suite(database, "-k", "purge and not checks"))
        return _action(runs[-1])

    def delete(*, beside: list[Probe] | None = None) -> float:
        with _copy(filled, beside) as database:
            return timed(lambda: database.execute(_DELETE))

    ours, theirs = in_turn(_ROUNDS, purge, delete)
    phases = [_phase(run) for run in runs]
    own: list[Probe] = []
    other: list[Probe] = []
    in_turn(1, lambda: purge(beside=own), lambda: delete(beside=other))
    longest = 1000 * max(item["figures"]["longest_batch_seconds"] for run in runs for item in run.items("purge"))
    percentile = own[0].percentile(0.99), other[0].percentile(0.99)
    note = f"medians of {_ROUNDS} rounds"
    return [
        Ratio("the action, with its proof, against one DELETE", ours, theirs, "s", 1.5, note),
        Ratio("the whole phase, with the counting for the plan", median(phases), theirs, "s", None, note),
        Ratio("longest transaction", longest, 1000 * theirs, "ms", 500, absolute=True),
        Ratio("longest stall of a writer", own[0].longest, other[0].longest, "ms", 1),
        Ratio("p99 of a writer", *percentile, "ms", None),
    ]


def _filled(place: Place) -> Database:
    """Return the database that each round begins with; the rule's own table, without its other indexes."""
    database = place.validahub()
    with database.connect() as conn:
        # A DELETE touches no index: without these, filling the table takes half a minute instead of many.
        for row in conn.execute(_INDEXES).fetchall():
            conn.execute(sql.SQL("drop index {}").format(sql.Identifier("public", row["name"])))
        seconds = timed(lambda: conn.execute(_ROWS, {"rows": int(2_000_000 * place.scale)}))
        conn.execute("vacuum analyze public.suggestions")
        conn.execute("create table written as select id from public.suggestions where random() < 0.01")
    say(f"purge: filled in {seconds:.0f} s")
    return database


@contextmanager
def _copy(filled: Database, beside: list[Probe] | None) -> Iterator[Database]:
    """Yield a copy that is in memory; with ``beside``, another client writes in it meanwhile and is left there."""
    database = filled.copied()
    database.place.rest()
    database.execute("select count(*) from public.suggestions")
    if beside is None:
        yield database
    else:
        ids = [row["id"] for row in database.execute("select id from written order by random()")]
        turn = itertools.cycle(ids)
        with Probe(database, lambda conn: conn.execute(_WRITE, [next(turn)])) as probe:
            yield database
        beside.append(probe)
    with database.connect() as conn:
        left = conn.execute(_LEFT).fetchall()
    assert not left, "rows that are due were left"
    database.drop()


def _action(run: Run) -> float:
    (item,) = run.items("purge")
    assert item["outcome"] == "passed", item
    return float(item["duration_seconds"])


def _phase(run: Run) -> float:
    """Return the seconds from the end of the phase before, through scan and plan, to the end of this one."""
    ends = {phase["name"]: datetime.fromisoformat(phase["finished_at"]) for phase in run.record["phases"]}
    return (ends["purge"] - ends["prepare"]).total_seconds()
