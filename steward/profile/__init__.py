"""The validated profile, read from TOML files; every default stands in ``profiles/base.toml``."""

from __future__ import annotations

from steward.profile import thresholds
from steward.profile.loading import load, loads
from steward.profile.model import Profile
from steward.profile.rules import (
    Condition,
    Epoch,
    Exemption,
    PartitionFamily,
    Retention,
    RetentionRule,
)
from steward.profile.sections import Schedule, Severity
from steward.profile.units import duration_text, parse_duration

__all__ = [
    "Condition",
    "Epoch",
    "Exemption",
    "PartitionFamily",
    "Profile",
    "Retention",
    "RetentionRule",
    "Schedule",
    "Severity",
    "duration_text",
    "load",
    "loads",
    "parse_duration",
    "thresholds",
]
