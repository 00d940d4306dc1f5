"""Retention: the rows that the rules cover, what protects them, and the purge."""

from __future__ import annotations

__all__ = ["candidates", "coverage", "legal_holds", "purge"]
