"""A copy of the database without rows, in which writes may be tried."""

from __future__ import annotations

__all__ = ["clone"]
