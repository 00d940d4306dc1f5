"""Warnings that the server sends beside its results: it warns of work that it skips, and raises no error."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.errors import Diagnostic

    from steward.database.session import Session

__all__ = ["ServerWarning", "warnings"]


@dataclass(frozen=True)
class ServerWarning:
    """One warning of the server."""

    text: str
    sqlstate: str | None


@contextmanager
def warnings(conn: Session) -> Iterator[list[ServerWarning]]:
    """Collect the server's warnings while the block runs."""
    collected: list[ServerWarning] = []

    def collect(notice: Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING" and notice.message_primary:
            collected.append(ServerWarning(notice.message_primary, notice.sqlstate))

    conn.add_notice_handler(collect)
    try:
        yield collected
    finally:
        conn.remove_notice_handler(collect)
