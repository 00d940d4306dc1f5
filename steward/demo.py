"""The ValidaHub database as the suite builds it for itself: schema, partitions, and demo data that has work in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from steward import queries

if TYPE_CHECKING:
    from steward.session import Session

__all__ = ["partitions", "schema"]


def schema(conn: Session) -> None:
    """Apply ``sql/schema/`` in order, on a superuser's connection; roles that exist are left as they are."""
    with conn.transaction():
        for name in queries.names("schema"):
            queries.execute(conn, name)


def partitions(conn: Session, first: int, last: int) -> None:
    """Create the leaves of correction_logs for the months from ``first`` to ``last``, counted from the current one (0)."""
    queries.execute(conn, "demo/become_owner")
    for month in queries.fetch(conn, "demo/months", {"first": first, "last": last}):
        parts = {
            "leaf": sql.Identifier(month["name"]),
            "lower": sql.Literal(month["lower"]),
            "upper": sql.Literal(month["upper"]),
        }
        queries.execute(conn, "demo/partition", **parts)
    queries.execute(conn, "demo/become_self")
