"""Tenant isolation: whether one tenant can reach the rows of another, from the catalog and by trial."""

from __future__ import annotations

__all__ = ["mutations"]
