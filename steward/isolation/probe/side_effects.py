"""What stands besides the probe: what would act on its writes, and whether anything of them is left."""

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

__all__ = ["Rows", "compare", "look", "owned", "reactions"]

# As whose exemption the profile says that a trigger's function may act: check = "isolation_probe".
_CHECK = "isolation_probe"
# A table that takes longer to read is compared by the probe's own tenants only.
_PATIENCE = timedelta(seconds=10)

Rows = dict[str, tuple[tuple[object, ...], ...] | None]


def reactions(conn: Session, profile: Profile, ground: AttackSurface, wanted: Sequence[int]) -> dict[int, str]:
    """Return the tables where something would act on a write that the profile does not excuse, and what."""
    today = datetime.now(UTC).date()
    excused = [each.object for each in profile.exemptions if each.check == _CHECK and each.expires >= today]
    needed = queries.compose("isolation/probe_needed")
    found: dict[int, str] = {}
    for row in queries.fetch(conn, "isolation/probe_reactions", {"wanted": list(wanted)}, needed=needed):
        if not any(fnmatchcase(row["action"], pattern) for pattern in excused):
            acting = f"{row['name']} on {row['ident']} runs {row['action']}, which may reach outside of the transaction"
            remedy = f"where it does not, exempt it: check = {_CHECK!r}, object = {row['action']!r}"
            found.setdefault(row["oid"], f"{acting}; {remedy}")
    roots = {reach.root: reach for reach in ground.reaches if reach.kind == "f" and reach.root != reach.oid}
    for root, leaf in roots.items():
        found.setdefault(root, f"its partition {leaf.ident} is a foreign table, where nothing is rolled back")
    return found


def owned(conn: Session, reach: TenantRelation, column: str, tenants: Iterable[ProbeTenant]) -> dict[str, int]:
    """Return how many rows of a table each of the tenants has, by the tenant's value."""
    among = sql.SQL(", ").join(sql.Literal(tenant.value) for tenant in tenants)
    parts = {"relation": reach.relation, "column": sql.Identifier(column), "tenants": among}
    return {row["tenant"]: row["rows"] for row in queries.fetch(conn, "isolation/probe_owned", None, **parts)}


def look(conn: Session, ground: AttackSurface, tenants: Sequence[ProbeTenant], *, live: bool) -> Rows:
    """Return what each table holds: rows by tenant with a hash of what is in them, whatever their order.

    Where others work, or where it takes too long, only the invented tenants' rows are looked for.
    """
    found: Rows = {}
    for reach in ground.tables:
        found[f"{reach.ident} of the probe"] = tuple(owned(conn, reach, ground.column, tenants).items())
        if not live:
            found[reach.ident] = _content(conn, reach, ground.column)
    return found


def _content(conn: Session, reach: TenantRelation, column: str) -> tuple[tuple[object, ...], ...] | None:
    parts = {"relation": reach.relation, "column": sql.Identifier(column)}
    try:
        with conn.transaction():
            session.limit(conn, statement_timeout=_PATIENCE)
            rows = queries.fetch(conn, "isolation/probe_rows", None, **parts)
            raise psycopg.Rollback
    except psycopg.errors.QueryCanceled:
        return None
    return tuple((row["tenant"], row["rows"], row["content"]) for row in rows)


def compare(before: Mapping[str, object], after: Mapping[str, object]) -> Iterable[Attempt]:
    """Yield the tables in which a second connection sees something else than before."""
    for place, held in before.items():
        if held is not None and after[place] is not None and held != after[place]:
            reason = "its rows are others than before, though every transaction was rolled back"
            yield Attempt(place, "rollback", "all", "all", "(all)", "leak", reason)
