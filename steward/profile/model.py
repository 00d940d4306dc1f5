"""The profile as one frozen tree."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from steward.profile import sections, thresholds
from steward.profile.rules import Exemption, Matview, Partitions, Retention
from steward.profile.sections import Model
from steward.profile.units import NameOrAll, Text

__all__ = ["Profile"]


class Profile(Model):
    """Every figure that a run follows; attribute paths are the dotted keys of the files."""

    name: Text
    target: sections.Target
    roles: sections.Roles
    tenancy: sections.Tenancy
    isolation: sections.Isolation
    application: sections.Application
    extensions: sections.Extensions
    server: sections.Server
    run: sections.Run
    minimum: sections.Minimum
    daily: sections.Schedule
    weekly: sections.Schedule
    monthly: sections.Schedule
    locks: sections.Locks
    vacuum: thresholds.Vacuum
    analyze: thresholds.Analyze
    partitions: Partitions
    retention: Retention
    matviews: Mapping[NameOrAll, Matview]
    growth: thresholds.Growth
    snapshots: thresholds.Snapshots
    queries: thresholds.Queries
    load: thresholds.Load
    lag: thresholds.Lag
    indexes: thresholds.Indexes
    reorganise: thresholds.Reorganise
    disk: thresholds.Disk
    refresh: thresholds.Refresh
    wraparound: thresholds.Wraparound
    activity: thresholds.Activity
    storage: thresholds.Storage
    replication: thresholds.Replication
    canary: sections.Canary
    exemptions: tuple[Exemption, ...]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON: equal digests, equal behaviour."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def schedule(self, name: str) -> sections.Schedule:
        """Return the figures of a schedule; ``checks`` has none of its own and follows the daily ones."""
        schedules = {"daily": self.daily, "weekly": self.weekly, "monthly": self.monthly}
        return schedules.get(name, self.daily)

    def matview(self, ident: str) -> Matview:
        """Return the rule for a materialized view: its own, or that of all the others (``*``)."""
        return self.matviews.get(ident) or self.matviews["*"]
