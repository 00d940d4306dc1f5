"""The maintenance operations: what each does to the relations that need it."""

from __future__ import annotations

__all__ = ["analyze", "index_bloat", "invalid_indexes", "matview_state", "matviews", "registry", "vacuum", "workload"]
