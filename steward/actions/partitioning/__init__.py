"""Families of partitions: how they are bounded and named, and the partitions that are missing."""

from __future__ import annotations

__all__ = ["bounds", "clocks", "create", "expectations", "families", "statements"]
