"""The record of a run: journal, ledger in the database, redaction of secrets, provenance."""

from __future__ import annotations

__all__ = ["journal", "ledger", "plan", "provenance"]
