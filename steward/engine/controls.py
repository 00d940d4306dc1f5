"""The compliance controls that items are evidence for, by the topic that a runbook names in its marker.

They map items to clauses of standards for an auditor's own statement; they certify nothing.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONTROLS"]

_CAPACITY = ("ISO-27001-A.8.6", "SOC2-A1.1")

CONTROLS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "backup": ("ISO-27001-A.8.13",),
        "capacity": _CAPACITY,
        "configuration": ("ISO-27001-A.8.9", "SOC2-CC7.1"),
        "logging": ("LGPD-37", "ISO-27001-A.8.15", "SOC2-CC7.2"),
        "materialized views": (*_CAPACITY, "SOC2-PI1.4"),
        "partitions": ("LGPD-46", *_CAPACITY),
        "patches": ("ISO-27001-A.8.8",),
        "purge": ("LGPD-15", "LGPD-16", "LGPD-18", "ISO-27001-A.8.10", "SOC2-C1.2"),
        "redundancy": ("ISO-27001-A.8.14", "SOC2-A1.2"),
        "retention": ("LGPD-15", "LGPD-16", "ISO-27001-A.8.10", "SOC2-C1.2"),
        "roles": ("LGPD-46", "ISO-27001-A.5.15", "SOC2-CC6.1"),
        "row access": ("LGPD-46", "SOC2-CC6.1"),
        "session activity": (*_CAPACITY, "SOC2-CC7.2"),
        "tenant isolation": (
            "LGPD-6-VII",
            "LGPD-46",
            "ISO-27001-A.5.15",
            "ISO-27001-A.8.3",
            "SOC2-CC6.1",
            "CIS-4",
        ),
        "wraparound": (*_CAPACITY, "SOC2-A1.2"),
    }
)
