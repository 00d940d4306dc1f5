"""Progress of running commands, from the server's progress views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steward.database import queries

if TYPE_CHECKING:
    from steward.database.session import Session

__all__ = ["rows"]

# A view of the server each; 13 and later have them all.
_VIEWS = ("progress/vacuum", "progress/analyze", "progress/create_index", "progress/cluster")


def rows(conn: Session) -> list[dict[str, Any]]:
    """Return what runs in this database: pid, command, relation, phase, done, total and percent (None: not counted)."""
    return [row for view in _VIEWS for row in queries.fetch(conn, view)]
