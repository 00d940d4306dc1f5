"""Tenant isolation: whether one tenant can reach another's rows, by the catalog and by trying it."""

from __future__ import annotations

__all__: list[str] = []
