"""Analysis of SQL expressions and function bodies in three-valued logic; it reads no database."""

from __future__ import annotations

__all__ = [
    "context",
    "evaluate",
    "filters",
    "function_bodies",
    "query_sources",
    "three_valued",
    "unbound_writes",
    "unfiltered_reads",
    "unpoliced_commands",
]
