"""TOML files to one frozen, validated profile; every default stands in ``profiles/base.toml``."""

from __future__ import annotations

from steward.profile.loading import PROFILES, known, load, loads
from steward.profile.model import Profile
from steward.profile.rules import (
    Condition,
    Epoch,
    Exemption,
    Matview,
    OrphanOf,
    PartitionFamily,
    Retention,
    RetentionRule,
    Unreferenced,
)
from steward.profile.sections import Schedule, Severity
from steward.profile.units import duration_text, parse_duration, parse_interval, parse_size, size_text

__all__ = [
    "PROFILES",
    "Condition",
    "Epoch",
    "Exemption",
    "Matview",
    "OrphanOf",
    "PartitionFamily",
    "Profile",
    "Retention",
    "RetentionRule",
    "Schedule",
    "Severity",
    "Unreferenced",
    "duration_text",
    "known",
    "load",
    "loads",
    "parse_duration",
    "parse_interval",
    "parse_size",
    "size_text",
]
