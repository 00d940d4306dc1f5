"""The thresholds of VACUUM and ANALYZE: autovacuum's own arithmetic, the profile's ratio, ages, closed partitions.

The arithmetic is that of ``relation_needs_vacanalyze`` in PostgreSQL's ``autovacuum.c``. A table whose autovacuum is
switched off is judged alike: then nobody but this suite vacuums it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING

from steward.actions.partitioning import bounds, clocks, families

if TYPE_CHECKING:
    from steward.database.inventory import Relation, Scan, ServerFacts
    from steward.engine.executor import RunSettings
    from steward.profile.thresholds import VacuumSection

__all__ = [
    "TableCounters",
    "VacuumLimits",
    "all_frozen",
    "analyze_limit",
    "closed",
    "counters",
    "is_urgent",
    "limits",
    "reasons",
]

# Sessions report their counters seconds late: a small table without any counter is new, and has not lost them.
_TRIVIAL = 1 << 20


@dataclass(frozen=True)
class VacuumLimits:
    """The limits above which a table is due; ``inserted_rows`` is None where inserts are no reason."""

    dead_rows: int
    inserted_rows: int | None
    xid_age: int
    mxid_age: int


@dataclass(frozen=True)
class TableCounters:
    """The counters that are compared with the limits; ``lost``: the table has data, and no counter."""

    dead_rows: int
    inserted_rows: int
    lost: bool
    xid_age: int
    mxid_age: int


def counters(table: Relation) -> TableCounters:
    """Return a table's counters as the inventory has them."""
    known = table.live_rows + table.dead_rows + table.modified_since_analyze + table.inserted_since_vacuum > 0
    unknown = not known and table.last_vacuum is None and table.last_analyze is None
    return TableCounters(
        table.dead_rows,
        table.inserted_since_vacuum,
        # A server that crashed has forgotten all counters; a zero then says nothing, and what is unknown is due.
        unknown and table.size > 0 and (table.row_estimate >= 0 or table.size >= _TRIVIAL),
        table.xid_age,
        table.mxid_age,
    )


def limits(table: Relation, server: ServerFacts, profile: VacuumSection) -> VacuumLimits:
    """Return what makes the table due: the lower one of the server's trigger and the profile's."""
    rows = max(table.row_estimate, 0)
    trigger = _setting(table, server, "autovacuum_vacuum_threshold")
    trigger += _setting(table, server, "autovacuum_vacuum_scale_factor") * rows
    if "autovacuum_vacuum_max_threshold" in server.settings:
        most = _setting(table, server, "autovacuum_vacuum_max_threshold")
        trigger = min(trigger, most) if most >= 0 else trigger
    ratio = profile.dead_ratio * max(table.live_rows + table.dead_rows, rows)
    xid_age, mxid_age = _forced(table, server)
    return VacuumLimits(
        floor(min(trigger, max(profile.minimum_dead_rows - 1, ratio))),
        _insert_limit(table, server, rows),
        min(profile.freeze_age, xid_age),
        min(profile.freeze_mxid_age, mxid_age),
    )


def reasons(found: TableCounters, limit: VacuumLimits) -> list[str]:
    """Return why the table is due, nothing where it is not."""
    why = []
    if found.lost:
        why.append("its counters were lost, so its dead rows are unknown")
    if found.dead_rows > limit.dead_rows:
        why.append(f"{found.dead_rows:,} dead rows, over {limit.dead_rows:,}")
    if limit.inserted_rows is not None and found.inserted_rows > limit.inserted_rows:
        why.append(f"{found.inserted_rows:,} rows inserted since the last vacuum, over {limit.inserted_rows:,}")
    if found.xid_age > limit.xid_age:
        why.append(f"{found.xid_age:,} transactions old, over {limit.xid_age:,}")
    if found.mxid_age > limit.mxid_age:
        why.append(f"{found.mxid_age:,} multixacts old, over {limit.mxid_age:,}")
    return why


def analyze_limit(table: Relation, server: ServerFacts) -> int:
    """Return the changed rows above which the server itself would analyze the table."""
    trigger = _setting(table, server, "autovacuum_analyze_threshold")
    return floor(trigger + _setting(table, server, "autovacuum_analyze_scale_factor") * max(table.row_estimate, 0))


def is_urgent(table: Relation, server: ServerFacts) -> bool:
    """Return whether the server itself would force an anti-wraparound vacuum of the table."""
    xid_age, mxid_age = _forced(table, server)
    return table.xid_age > xid_age or table.mxid_age > mxid_age


def all_frozen(table: Relation, server: ServerFacts) -> bool:
    """Return whether the server knows every page to be frozen; before 18 it does not say."""
    size = int(server.settings["block_size"])
    return table.all_frozen_pages is not None and table.all_frozen_pages * size >= table.size


def closed(scan: Scan, settings: RunSettings) -> frozenset[int]:
    """Return the partitions whose time is over, without those that were frozen since."""
    family_scan = families.FamilyScan.at(scan, settings)
    over = {
        partition.oid
        for family in scan.families
        if (clock := clocks.of(family, family_scan.rule(family))) is not None
        for partition in family.partitions
        if not partition.is_default
        and not partition.is_partitioned
        and bounds.span(partition, clock).upper <= clock.now(family_scan.now)
    }
    return frozenset(over - {int(row["oid"]) for row in scan.gathered.get("vacuum", ())})


def _insert_limit(table: Relation, server: ServerFacts, rows: int) -> int | None:
    base = _setting(table, server, "autovacuum_vacuum_insert_threshold")
    if base < 0:
        return None
    share = 1.0
    if table.all_frozen_pages and table.pages:
        # From 18 on only what is not frozen yet counts, so that growing tables are not vacuumed ever more rarely.
        share = 1.0 - min(table.all_frozen_pages, table.pages) / table.pages
    scale = _setting(table, server, "autovacuum_vacuum_insert_scale_factor")
    return floor(base + scale * rows * share)


def _forced(table: Relation, server: ServerFacts) -> tuple[int, int]:
    """Return the ages at which the server forces a vacuum; a table's own can only be lower than the server's."""
    names = ("autovacuum_freeze_max_age", "autovacuum_multixact_freeze_max_age")
    xid_age, mxid_age = (min(int(_setting(table, server, name)), int(server.settings[name])) for name in names)
    return xid_age, mxid_age


def _setting(table: Relation, server: ServerFacts, name: str) -> float:
    return float(table.options.get(name, server.settings[name]))
