"""The thresholds of a profile. No field has a default: every default stands in profiles/base.toml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from steward.profile.sections import Count, Model, Positive, read_later
from steward.profile.units import Duration, Interval, Name, OptionalDuration, Share, Size

__all__ = [
    "ActivitySection",
    "AnalyzeSection",
    "DiskSection",
    "GrowthSection",
    "IndexesSection",
    "LagSection",
    "LoadSection",
    "QueriesSection",
    "RefreshSection",
    "ReorganiseSection",
    "ReplicationSection",
    "SnapshotsSection",
    "StorageSection",
    "VacuumSection",
    "WraparoundSection",
]


class VacuumSection(Model):
    """When VACUUM is due beside the server's own trigger, and when freezing is."""

    dead_ratio: Share
    minimum_dead_rows: Count
    freeze_age: Positive
    freeze_mxid_age: Positive
    closed_partitions: bool


class AnalyzeSection(Model):
    """When statistics are stale, and the columns whose target is not their own."""

    modified_ratio: Share
    targets: Mapping[str, Annotated[int, Field(ge=1, le=10_000)]] = read_later("weekly")


class GrowthSection(Model):
    """What growth is worth an alert; a threshold is the size that a table or family should not reach."""

    per_month: Size
    critical_per_month: Size
    threshold: Size
    thresholds: Mapping[Name, Size]
    warning_days: Count
    critical_days: Count
    measured_over: Interval
    keep: Interval

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.per_month > self.critical_per_month:
            raise ValueError("growth.per_month is above growth.critical_per_month")
        if self.critical_days > self.warning_days:
            raise ValueError("growth.critical_days is above growth.warning_days")
        return self


class SnapshotsSection(Model):
    """How often a snapshot is taken, how long counters and statements are kept, and how many statements it holds."""

    every: Duration
    counters: Interval
    statements: Interval
    top_statements: Positive


class QueriesSection(Model):
    """What the application's queries should hold, and what counts as a regression against the baseline."""

    p95: Duration
    cache_hit: Share
    minimum_reads: Positive
    regression: Annotated[float, Field(ge=1)] = read_later("weekly")
    log_bytes: Size
    minimum_calls: Positive


class RefreshSection(Model):
    """When a materialized view is refreshed while its readers wait, and when beside them."""

    plain_share: Share
    remember: Interval
    tenants_kept: Share
    without_key: Literal["refuse", "plain"]


class LoadSection(Model):
    """While more sessions are active, or wait for locks, heavy work is deferred."""

    ignored_applications: tuple[str, ...]
    active_sessions: Positive
    per_cpu: Positive
    lock_waiters: Count


class LagSection(Model):
    """While a standby or a slot is further behind, heavy work is deferred."""

    replay: Duration
    size: Size


class IndexesSection(Model):
    """Unused indexes, when a large one is measured again, and what may be done where CONCURRENTLY fails."""

    unused_size: Size = read_later("weekly")
    unused_for: Interval = read_later("weekly")
    drop_unused: bool = read_later("weekly")
    minimum_size: Size
    scans_counted: Duration
    grown: Share
    measured_for: Duration
    looks: Count
    plain_fallback: bool


class ReorganiseSection(Model):
    """When a table is rewritten: measured free space after a VACUUM, and enough live rows to matter."""

    free: Share = read_later("weekly")
    live_rows: Count = read_later("weekly")
    partitions: bool = read_later("weekly")


class DiskSection(Model):
    """Free space that an action needs as a multiple of what it writes, and what must stay free: a share, or enough."""

    headroom: Annotated[float, Field(ge=1)]
    free: Share
    enough: Size


class ActivitySection(Model):
    """How long other sessions may do what holds up everybody else, and the share of connections that may be taken."""

    transaction_age: Duration
    idle_age: Duration
    prepared_age: Duration
    lock_wait: Duration
    connections: Share


class StorageSection(Model):
    """The shares of a sequence's values that may be used: a finding beyond the first, a critical one beyond the second.

    Temporary files and deadlocks are for a day.
    """

    sequence_used: Share
    sequence_end: Share
    temp_bytes: Size
    deadlocks: Count

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.sequence_used > self.sequence_end:
            raise ValueError("storage.sequence_used is above storage.sequence_end")
        return self


class ReplicationSection(Model):
    """What slots may hold of the server's disk, read and unread, and how far behind a standby may be."""

    slot_wal: Size
    unread_wal: Size
    unread_for: Duration
    standby_lag: Duration
    standby_behind: Size


class WraparoundSection(Model):
    """Ages in transactions, the greater of a table's and its TOAST's, of xids and of multixacts."""

    warn: Positive
    fail: Positive
    emergency: Positive
    horizon_age: OptionalDuration

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.warn < self.fail < self.emergency:
            raise ValueError("wraparound.warn, .fail and .emergency must rise")
        return self
