"""What a person sees of a run in the terminal, and cron in its log."""

from __future__ import annotations

__all__ = ["live"]
