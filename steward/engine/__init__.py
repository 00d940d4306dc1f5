"""The two kinds of item: the action (guarded, journaled, proved) and the check."""

from __future__ import annotations

__all__ = ["action", "check", "controls", "executor", "guard", "operation"]
