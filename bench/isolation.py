"""Tenant isolation beside pgrls: defects found, false alarms, seconds; then 10,000 partitions and 2,000 policies."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from bench.harness import Ratio, say, timed
from steward import profile
from steward.database import inventory, session
from steward.database.target import Target
from steward.engine.check import Check
from steward.engine.executor import RunSettings
from steward.isolation.probe import probe
from steward.setup import demo
from tests.fixtures.defects import DEFECTS
from tests.fixtures.market import KINDS, LOGIN, PROFILE, forget, healthy, judged
from tests.fixtures.scale import Counting, partitioned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.harness import Database, Place

__all__ = ["measure"]

_RIVAL = "pgrls==0.57.1"
_SECONDS = 120
_POLICIES = 2000
_PARTITIONS = 10_000
_LOCKS = 400  # for each session: with the default of 64 no statement could reach all partitions at once
_DEMO = 0.05
_KIND = KINDS["uuid"]

_MANY = """do $$
declare
    ours text := 'tenant_id = nullif(current_setting(''app.current_tenant_id'', true), '''')';
begin
    for number in 1 .. {count} loop
        execute format('create table public.bulk_%s (tenant_id varchar(50) not null, id integer)', number);
        execute format('alter table public.bulk_%s enable row level security', number);
        execute format('alter table public.bulk_%s force row level security', number);
        execute format('create policy reads on public.bulk_%s for select using (%s)', number, ours);
        execute format('create policy adds on public.bulk_%s for insert with check (%s)', number, ours);
        execute format('grant select, insert on public.bulk_%s to validahub_app', number);
        if number % 100 = 0 then
            commit;
        end if;
    end loop;
end
$$"""
_EVENTS = (
    "alter table public.events enable row level security",
    "alter table public.events force row level security",
    (
        "create policy tenant on public.events"
        " using (tenant_id = nullif(current_setting('app.current_tenant_id', true), ''))"
    ),
    "grant select on public.events to validahub_app",
)


_Finding = tuple[str, str, str]


@dataclass
class _Rival:
    """The other tool in an environment of its own, and its configuration with the tenant column."""

    program: Path
    config: Path
    seconds: list[float] = field(default_factory=list)

    def lint(self, database: Database, schema: str) -> dict[_Finding, str]:
        """Return its findings, each with its severity."""
        found = json.loads(self._run(database, schema, "lint", "--format", "json").stdout)["violations"]
        return {
            (violation["rule_id"], violation["location"], violation["message"]): violation["severity"]
            for violation in found
        }

    def proves_a_leak(self, database: Database, schema: str) -> bool:
        """Return whether one of its proofs, confirmed by its probe, ends in a leak."""
        modes = ("cross-tenant", "write")
        return any(self._run(database, schema, "verify", "--probe", "--mode", mode).returncode == 1 for mode in modes)

    def _run(self, database: Database, schema: str, command: str, *words: str) -> subprocess.CompletedProcess[str]:
        where = ("--schemas", schema, "--database-url", database.conninfo(), "--config", str(self.config))
        line = [str(self.program), command, *where, *words]
        done: list[subprocess.CompletedProcess[str]] = []
        run = partial(subprocess.run, line, capture_output=True, text=True, check=False, timeout=_SECONDS)
        self.seconds.append(timed(lambda: done.append(run())))
        if done[0].returncode not in {0, 1}:
            raise RuntimeError(f"{' '.join(line[:2])}: {done[0].stderr}")
        return done[0]


def measure(place: Place) -> Iterator[Ratio]:
    """Compare both tools on the same databases, then time ours on a large one, and the probe."""
    _make_room(place)
    rival = _installed(place)
    yield from _catalogue(place, rival)
    yield from _shipped(place, rival)
    yield from _large(place)


def _make_room(place: Place) -> None:
    with place.connect() as conn:
        conn.execute(f"alter system set max_locks_per_transaction = {_LOCKS}")
    place.server.stop()
    place.server.start()


def _installed(place: Place) -> _Rival:
    """Install the other tool below the bench's place, so that it shares no library with the suite."""
    home = place.home / "rival"
    venv.create(home, with_pip=True)
    seconds = timed(
        lambda: subprocess.run(
            [home / "bin" / "python", "-m", "pip", "install", "--quiet", _RIVAL],
            check=True,
            stdout=sys.stderr,
            timeout=_SECONDS * 5,
        )
    )
    say(f"isolation: {_RIVAL} installed in {seconds:.0f} s")
    config = place.home / "rival.toml"
    config.write_text('[lint.rules.SEC021]\nidentity_columns = ["tenant_id"]\n', encoding="utf-8")
    return _Rival(home / "bin" / "pgrls", config)


@contextmanager
def _market(place: Place, statements: tuple[str, ...] = ()) -> Iterator[Database]:
    database = place.create()
    try:
        with database.connect() as conn:
            healthy(conn, _KIND)
            for text in statements:
                conn.execute(_KIND.format(text))
        yield database
    finally:
        database.drop()
        with place.connect() as conn:
            forget(conn)


def _ours(database: Database, settings: RunSettings, login: str) -> dict[str, list[str]]:
    at = Target("database", database.conninfo(login), "bench")
    with session.observer(at, settings.profile) as conn:
        return judged(Check(settings, lambda: conn, inventory.scan(conn, settings.profile), at))


def _catalogue(place: Place, rival: _Rival) -> Iterator[Ratio]:
    """Count the defects that are missed and the twins that are found by mistake.

    Of the other tool any finding counts that neither the twin nor the healthy schema has, and as a mistake only a rule
    that says nothing of the healthy schema.
    """
    settings = _settings(place)
    with _market(place) as database:
        usual = rival.lint(database, "market")
        mine, its = timed(lambda: _ours(database, settings, LOGIN)), rival.seconds[-1]
    rules = {rule for rule, _, _ in usual}
    defects: dict[str, list[str]] = {"missed by ours": [], "missed": [], "alarms of ours": [], "alarms": []}
    every = max(1, round(1 / place.scale))
    fitting = [defect for defect in DEFECTS if defect.since <= place.server.binaries.version][::every]
    for defect in fitting:
        with _market(place, defect.healthy) as database:
            twin = rival.lint(database, "market")
            if _ours(database, settings, LOGIN):
                defects["alarms of ours"].append(defect.name)
            if any(severity != "info" and rule not in rules for (rule, _, _), severity in twin.items()):
                defects["alarms"].append(defect.name)
        if not defect.planted:
            continue
        with _market(place, defect.planted) as database:
            if defect.item not in _ours(database, settings, LOGIN):
                defects["missed by ours"].append(defect.name)
            new = set(rival.lint(database, "market")) - set(usual) - set(twin)
            if not (new or rival.proves_a_leak(database, "market")):
                defects["missed"].append(defect.name)
    for what, names in defects.items():
        say(f"isolation: {what}: {'; '.join(names) or 'none'}")
    missed, alarms = len(defects["missed"]), len(defects["alarms"])
    how = f"of {len([defect for defect in fitting if defect.planted])}; theirs: lint, or verify --probe"
    yield Ratio("defects missed", len(defects["missed by ours"]), missed, "", 0.0, how, absolute=True)
    how = f"of {len(fitting)}; theirs: other rules than on the healthy schema"
    yield Ratio("healthy twins found", len(defects["alarms of ours"]), alarms, "", 0.0, how, absolute=True)
    yield Ratio("all items on the small schema", mine, its, "s", None, "all items in this process, one process of lint")


def _settings(place: Place) -> RunSettings:
    written = place.home / "market.toml"
    written.write_text(PROFILE, encoding="utf-8")
    return RunSettings(profile.load(str(written)), "weekly")


def _shipped(place: Place, rival: _Rival) -> Iterator[Ratio]:
    """Count what is found in the shipped schema, where there is nothing to find, and time the whole probe."""
    database = place.create()
    at = Target("database", database.conninfo("validahub_maintenance"), "bench")
    demo.fill(Target("database", database.conninfo(), "bench"), _DEMO * place.scale)
    settings = RunSettings(profile.load("development"), "weekly")
    found = _ours(database, settings, "validahub_maintenance")
    say(f"isolation: found by ours in the shipped schema: {found or 'nothing'}")
    loud = [finding for finding, severity in rival.lint(database, "public").items() if severity != "info"]
    yield Ratio("findings in the shipped schema", len(found), len(loud), "", 0.0, absolute=True)
    for writes in (False, True):
        matrix: list[Any] = []
        seconds = timed(lambda: matrix.append(probe.run(at, settings.profile, writes=writes)))  # noqa: B023 - at once
        counts = f"{len(matrix[0].cells)} tries, {len(matrix[0].leaks)} leaks"
        name = f"the probe of the shipped schema, {'writing' if writes else 'reading'}"
        yield Ratio(name, seconds, 0.0, "s", 120.0, counts, absolute=True)


def _large(place: Place) -> Iterator[Ratio]:
    """Compare a hundredth of the partitions and policies with all of them: the same queries, seconds in all."""
    sizes = [max(100, int(_PARTITIONS * place.scale * share) // 100 * 100) for share in (0.01, 1)]
    few, many = (_timed_items(place, size, max(20, size * _POLICIES // _PARTITIONS)) for size in sizes)
    size_note = f"{sizes[1]} partitions, {sizes[1] * _POLICIES // _PARTITIONS} policies"
    yield Ratio("queries of all items", many[0], few[0], "", 1.0, size_note)
    yield Ratio("seconds of all items", many[1], few[1], "s", 30.0, size_note, absolute=True)


def _timed_items(place: Place, partitions: int, policies: int) -> tuple[int, float]:
    database = place.validahub()
    seconds = timed(lambda: partitioned(database.connect, partitions))
    with database.connect() as conn:
        for text in _EVENTS:
            conn.execute(text)
        conn.execute("set role validahub_owner")
        conn.execute(_MANY.replace("{count}", str(policies // 2)))
    say(f"isolation: {partitions} partitions and {policies} policies made after {seconds:.0f} s")
    settings = RunSettings(profile.load("development"), "weekly")
    at = Target("database", database.conninfo("validahub_maintenance"), "bench")
    with session.observer(at, settings.profile) as conn:
        scan = inventory.scan(conn, settings.profile)
        conn.cursor_factory = Counting
        before = Counting.executed
        found: list[Any] = []
        seconds = timed(lambda: found.append(judged(Check(settings, lambda: conn, scan, at))))
    assert found == [{}], found
    return Counting.executed - before, seconds
