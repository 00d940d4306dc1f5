"""Retention: which rows the profile's rules reach, what may keep them, and the purge that acts on them."""

from __future__ import annotations

__all__: list[str] = []
