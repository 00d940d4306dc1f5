"""Random sequences of session commands, as a connection pool would produce them."""

from __future__ import annotations

__all__ = ["state_machine", "walk_database"]
