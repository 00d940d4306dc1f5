"""Private PostgreSQL servers: their programs, starting and stopping them, throwaway servers."""

from __future__ import annotations

__all__ = ["binaries", "embedded", "postmaster", "throwaway"]
