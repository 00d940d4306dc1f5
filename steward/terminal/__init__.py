"""The output of a run: a live view in a terminal, lines for cron."""

from __future__ import annotations

__all__ = ["live"]
