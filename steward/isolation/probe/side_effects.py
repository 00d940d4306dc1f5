"""The side effects of the probe's writes: triggers and rules that would act on them, and rows that they leave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from steward.database import queries, session
from steward.isolation.probe.matrix import Attempt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from steward.database.session import Session
    from steward.isolation.probe.surface import AttackSurface, TenantRelation
    from steward.isolation.probe.tenants import ProbeTenant
    from steward.profile import Profile

__all__ = ["Rows", "changed_tables", "rows_by_tenant", "table_contents", "write_side_effects"]

# The check that an exemption names to allow the function of a trigger.
_CHECK = "isolation_probe"
# A table that takes longer to read is compared by the probe's own tenants only.
_PATIENCE = timedelta(seconds=10)

Rows = dict[str, tuple[tuple[object, ...], ...] | None]


def write_side_effects(
    conn: Session, profile: Profile, surface: AttackSurface, wanted: Sequence[int]
) -> dict[int, str]:
    """Return the tables where a write would have side effects that the profile does not exempt, and which."""
    today = datetime.now(UTC).date()
    excused = [
        exemption.object for exemption in profile.exemptions if exemption.check == _CHECK and exemption.expires >= today
    ]
    needed = queries.compose("isolation/probe/required_tables")
    found: dict[int, str] = {}
    for row in queries.fetch(conn, "isolation/probe/triggers_and_rules", {"wanted": list(wanted)}, needed=needed):
        if not any(fnmatchcase(row["action"], pattern) for pattern in excused):
            acting = f"{row['name']} on {row['ident']} runs {row['action']}, which may reach outside of the transaction"
            remedy = f"where it does not, exempt it: check = {_CHECK!r}, object = {row['action']!r}"
            found.setdefault(row["oid"], f"{acting}; {remedy}")
    roots = {
        relation.root: relation
        for relation in surface.relations
        if relation.kind == "f" and relation.root != relation.oid
    }
    for root, leaf in roots.items():
        found.setdefault(root, f"its partition {leaf.ident} is a foreign table, where nothing is rolled back")
    return found


def rows_by_tenant(
    conn: Session, relation: TenantRelation, column: str, tenants: Iterable[ProbeTenant]
) -> dict[str, int]:
    """Return the number of rows of each tenant in a table, by the tenant's value."""
    among = sql.SQL(", ").join(sql.Literal(tenant.value) for tenant in tenants)
    parts = {"relation": relation.identifier, "column": sql.Identifier(column), "tenants": among}
    return {
        row["tenant"]: row["rows"] for row in queries.fetch(conn, "isolation/probe/tenants/row_counts", None, **parts)
    }


def table_contents(conn: Session, surface: AttackSurface, tenants: Sequence[ProbeTenant], *, live: bool) -> Rows:
    """Return the content of each table: rows by tenant with a hash that does not depend on their order.

    In a live database, or where it takes too long, only the invented tenants' rows are counted.
    """
    found: Rows = {}
    for relation in surface.tables:
        found[f"{relation.ident} of the probe"] = tuple(rows_by_tenant(conn, relation, surface.column, tenants).items())
        if not live:
            found[relation.ident] = _content(conn, relation, surface.column)
    return found


def _content(conn: Session, relation: TenantRelation, column: str) -> tuple[tuple[object, ...], ...] | None:
    parts = {"relation": relation.identifier, "column": sql.Identifier(column)}
    try:
        with conn.transaction():
            session.set_timeouts(conn, statement_timeout=_PATIENCE)
            rows = queries.fetch(conn, "isolation/probe/tenants/contents", None, **parts)
            raise psycopg.Rollback
    except psycopg.errors.QueryCanceled:
        return None
    return tuple((row["tenant"], row["rows"], row["content"]) for row in rows)


def changed_tables(before: Mapping[str, object], after: Mapping[str, object]) -> Iterable[Attempt]:
    """Yield the tables in which a second connection sees other rows than before."""
    for place, content in before.items():
        if content is not None and after[place] is not None and content != after[place]:
            reason = "its rows are others than before, though every transaction was rolled back"
            yield Attempt(place, "rollback", "all", "all", "(all)", "leak", reason)
