"""One run from start to exit code: supervisor, phases, workers, canary, report."""

from __future__ import annotations

__all__ = ["items", "lanes", "report", "run_context", "supervisor", "worker"]
