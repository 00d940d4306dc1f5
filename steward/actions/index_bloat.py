"""The choice of indexes that are worth a rebuild, from the catalog and from earlier measurements.

Only reading a whole index measures its bloat. The action does that for candidates only, and remembers the result. The
result is valid until the index has grown, or until it is old and rows were inserted or deleted since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import timedelta

    from steward.engine.executor import RunSettings

__all__ = ["UNKNOWN", "Index", "RebuildLimits", "bloat_share", "limits", "reason", "usage"]

UNKNOWN = "never measured"

_DAY = 86_400.0
_MB = 1 << 20


@dataclass(frozen=True)
class Index:
    """A large index: an action's subject. ``file`` and ``oid`` are those of before the rebuild; sizes in bytes."""

    oid: int
    file: int
    schema: str
    name: str
    ident: str
    table_oid: int
    table_ident: str
    tablespace: int
    method: str
    size: int


@dataclass(frozen=True)
class RebuildLimits:
    """The figures of a schedule: ``bloat`` is the share of an index that is waste, durations in days."""

    bloat: float
    size: int
    scans: int
    scans_counted: float
    grown: float
    measured_for: float


def limits(settings: RunSettings) -> RebuildLimits:
    """Return the limits of the run's schedule."""
    figures, indexes = settings.figures, settings.profile.indexes
    return RebuildLimits(
        bloat=figures.index_bloat,
        size=max(figures.index_size, indexes.minimum_size),
        scans=figures.index_scans,
        scans_counted=_days(indexes.scans_counted),
        grown=indexes.grown,
        measured_for=_days(indexes.measured_for),
    )


def bloat_share(size: int, needed: float) -> float:
    """Return the share of ``size`` that is waste where only ``needed`` would be needed."""
    return round(min(1.0, max(0.0, 1 - needed / size)), 4) if size else 0.0


def usage(row: dict[str, Any], allowed: RebuildLimits) -> str | None:
    """Return how much the index is used, as text; None where it is too little for a rebuild.

    A server that crashed has lost its counters, which shows only in their age: few scans in a short time mean
    nothing.
    """
    if row["scans"] > allowed.scans:
        return f"{row['scans']:,} scans"
    if row["counted_days"] < allowed.scans_counted:
        return f"scans counted for {row['counted_days']:.1f} days only"
    return None


def reason(row: dict[str, Any], allowed: RebuildLimits) -> str | None:
    """Return why the index must be measured, and rebuilt where that confirms it; None where there is no reason.

    A measurement takes precedence over the bytes that the index needed for each row, and those over the estimate from
    statistics. For methods other than btree only the bytes for each row are known, and only while rows are counted:
    the first value found is taken as what the index needs.
    """
    if row["known_size"] is not None:
        return _remembered(row, allowed)
    if row["estimate"] is not None and not row["stale"]:
        bloat = bloat_share(row["size"], row["estimate"])
        return f"about {bloat:.0%} bloat by the statistics, over {allowed.bloat:.0%}" if bloat > allowed.bloat else None
    counted = row["rows"] > 0 and not row["stale"]
    return UNKNOWN if row["method"] == "btree" or counted else None


def _remembered(row: dict[str, Any], allowed: RebuildLimits) -> str | None:
    same = row["size"] <= row["known_size"] * (1 + allowed.grown)
    if same and (row["unchanged"] or row["known_days"] < allowed.measured_for):
        # Right after a rebuild no rebuild can do better, whatever it measures: keys may be too wide to fill a page.
        bloated = row["known_bloat"] is not None and row["known_bloat"] > allowed.bloat and not row["rebuilt"]
        return f"{row['known_bloat']:.0%} bloat measured, over {allowed.bloat:.0%}" if bloated else None
    if row["known_ratio"] and row["rows"] > 0 and not row["stale"]:
        bloat = bloat_share(row["size"], row["known_ratio"] * row["rows"])
        text = f"about {bloat:.0%} bloat by what it needed a row, over {allowed.bloat:.0%}"
        return text if bloat > allowed.bloat else None
    if row["method"] != "btree":
        return None
    known = f"since it was measured at {row['known_size'] / _MB:,.1f} MB"
    return f"rows came and went {known}" if same else f"grown to {row['size'] / _MB:,.1f} MB {known}"


def _days(duration: timedelta) -> float:
    return duration.total_seconds() / _DAY
