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
    target: sections.TargetSection
    roles: sections.RolesSection
    tenancy: sections.TenancySection
    isolation: sections.IsolationSection
    application: sections.ApplicationSection
    extensions: sections.ExtensionsSection
    server: sections.ServerSection
    run: sections.RunSection
    minimum: sections.MinimumSection
    daily: sections.Schedule
    weekly: sections.Schedule
    monthly: sections.Schedule
    locks: sections.LocksSection
    vacuum: thresholds.VacuumSection
    analyze: thresholds.AnalyzeSection
    partitions: Partitions
    retention: Retention
    matviews: Mapping[NameOrAll, Matview]
    growth: thresholds.GrowthSection
    snapshots: thresholds.SnapshotsSection
    queries: thresholds.QueriesSection
    load: thresholds.LoadSection
    lag: thresholds.LagSection
    indexes: thresholds.IndexesSection
    reorganise: thresholds.ReorganiseSection
    disk: thresholds.DiskSection
    refresh: thresholds.RefreshSection
    wraparound: thresholds.WraparoundSection
    activity: thresholds.ActivitySection
    storage: thresholds.StorageSection
    replication: thresholds.ReplicationSection
    canary: sections.CanarySection
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
