"""The connection to the database, and what is read from it: target, session, queries, inventory, locks."""

from __future__ import annotations

__all__ = ["disk_space", "inventory", "locks", "progress", "queries", "session", "target"]
