"""One run from start to exit code: supervisor, phases, workers, canary, report."""

from __future__ import annotations

__all__ = ["context", "items", "lanes", "report", "supervisor", "worker"]
