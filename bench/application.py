"""The cost of a whole daily run for the application: the same client before it and during it."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from bench.harness import Ratio, say
from bench.probe import Probe
from steward import profile
from steward.database import session
from steward.database.target import Target
from steward.setup import bootstrap, demo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.harness import Connection, Database, Place

__all__ = ["measure"]

_SCRIPT = Path(__file__).with_suffix(".sql")
# A steady rate far below what the machine can do: a client that waits for nobody, and no load test.
_CLIENTS, _RATE = 4, 10
_WARM, _CALM, _LONGEST = 5.0, 20.0, 240
# What no transaction may wait for a lock during a run: one attempt of the suite (200 ms), and as long to give it back.
_WAIT_MS = 500.0


def measure(place: Place) -> list[Ratio]:
    """Return latencies of transactions at a steady rate, in ms: ours during the run, theirs before it."""
    database = place.create()
    at = Target("database", database.conninfo(), "bench")
    demo.fill(at, place.scale)
    with session.login(at) as conn:
        bootstrap.apply(conn, profile.load("development"))
    demo.wear(at)
    tenants = database.execute("select string_agg(distinct tenant_id, ',') as names from public.rule_sets")[0]["names"]
    place.rest()
    waits: list[float] = []
    log = place.home / "application" / "log"
    log.parent.mkdir()
    with _client(database, log, tenants) as client:
        time.sleep(_WARM)
        calm = time.time()
        time.sleep(_CALM)
        began = time.time()
        with Probe(database, lambda conn: waits.append(_waited(conn)), pause=0.02):
            run = place.run_suite(database, "--workers", "1")
        ended = time.time()
        if client.poll() is not None:
            raise RuntimeError(f"the application ended before the run did, with {client.returncode}")
    before, during = _latencies(log, calm, began), _latencies(log, began, ended)
    done = sum(item["outcome"] == "passed" for item in run.record["items"] if item["kind"] == "action")
    say(f"{done} actions in {run.seconds:.1f} s beside {_CLIENTS} clients at {_RATE} transactions a second")
    note = f"{len(before)} and {len(during)} transactions"
    shares = {"median": 0.5, "p99": 0.99}
    lines = [
        Ratio(f"application, {name} during a daily run", _at(during, share), _at(before, share), "ms", None, note)
        for name, share in shares.items()
    ]
    worst = Ratio("application, longest wait for a lock during it", max(waits), 0, "ms", _WAIT_MS, note, absolute=True)
    return [*lines, worst]


def _waited(conn: Connection) -> float:
    """Return for how long the application has waited for a lock by now, in ms (14 and later)."""
    row = conn.execute(
        "select coalesce(max(extract(epoch from clock_timestamp() - held.waitstart)), 0) * 1000 as ms"
        " from pg_locks as held join pg_stat_activity as activity using (pid)"
        " where not held.granted and activity.application_name = 'pgbench'"
    ).fetchone()
    return float(row["ms"]) if row else 0.0


@contextmanager
def _client(database: Database, log: Path, tenants: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run pgbench as the application while the block lasts, one line a transaction in files that begin with ``log``."""
    found = database.place.server.binaries
    command = [
        *(found.program("pgbench"), "--no-vacuum", f"--client={_CLIENTS}", f"--rate={_RATE}", f"--time={_LONGEST}"),
        *("--log", f"--log-prefix={log}", f"--file={_SCRIPT}", f"--define=tenants='{tenants}'"),
        database.conninfo("validahub_maintenance"),
    ]
    environment = {**found.environment, "PGOPTIONS": "-c role=validahub_app"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
        # Its last lines stand in a buffer that is lost with it.
        time.sleep(_WARM)
    finally:
        process.terminate()
        process.wait()


def _latencies(log: Path, since: float, until: float) -> list[float]:
    """Return the milliseconds of the transactions that ended between two times, the wait for their turn included."""
    found = []
    for path in log.parent.glob(f"{log.name}.*"):
        for line in path.read_text(encoding="ascii").splitlines():
            # client, transaction, microseconds, script, and the end as seconds and microseconds
            words = line.split()
            if len(words) >= 6 and words[2].isdigit() and since <= int(words[4]) + int(words[5]) / 1e6 < until:
                found.append(int(words[2]) / 1000)
    return sorted(found)


def _at(ordered: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile."""
    return ordered[ceil(share * len(ordered)) - 1]
