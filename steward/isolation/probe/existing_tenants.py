"""The probe of existing tenants: it reads live data in READ ONLY transactions, and does nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steward import Inconclusive
from steward.database import queries, session
from steward.isolation.probe import tenants
from steward.isolation.probe.read_attempts import ReadAttempts
from steward.isolation.probe.role_session import RoleSession, seen_statement
from steward.isolation.probe.row_markers import RowMarkers
from steward.isolation.probe.setting_states import StateResults, for_each_state, judge_session_start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steward.database.session import Session
    from steward.database.target import Target
    from steward.isolation.probe.matrix import Attempt
    from steward.isolation.probe.role_session import Plan
    from steward.isolation.probe.surface import AttackSurface, TenantRelation
    from steward.isolation.probe.tenants import ProbeTenant
    from steward.profile import Profile

__all__ = ["probe_existing"]

_TWO = 2
# The commands that the writing probe proves better. Live it calls no function that may write, and refreshes nothing.
_ELSEWHERE = {"clone": frozenset({"select", "call"}), "live": frozenset({"select"}), "never": frozenset[str]()}


class _Group:
    """Relations that are read as the same tenants, and which of those have rows in each of them."""

    def __init__(self, among: Sequence[ProbeTenant]) -> None:
        self.tenants = among
        self.relations: list[TenantRelation] = []
        self.present: dict[int, set[str]] = {}


def probe_existing(at: Target, profile: Profile, conn: Session, surface: AttackSurface) -> StateResults:
    """Read every relation as each role and as the largest tenants.

    Raises:
        Inconclusive: fewer than two tenants have rows.

    """
    groups = _grouped(conn, profile, surface)
    found = StateResults()
    nameless: set[str] = set()
    for role in surface.chains:
        with session.probe(at, profile, role) as conn_as_role:
            conn_as_role.read_only = True
            role_session = RoleSession(conn_as_role, profile, role)
            with conn_as_role.transaction(force_rollback=True):
                found.cells.append(judge_session_start(role_session, surface))
                found.cells += _read(role_session, profile, surface, groups, nameless)
                if queries.fetch(conn_as_role, "isolation/probe/session/has_written")[0]["written"]:
                    raise AssertionError("a READ ONLY transaction has written")
    count = len(groups[0].tenants)
    found.notes.append(f"read as the {count} largest tenants, A with the most rows; no transaction wrote anything")
    if nameless:
        shown = f"{', '.join(sorted(nameless))}: their rows name no tenant"
        found.notes.append(f"{shown}, and are left to the probe that writes, which knows its own rows")
    found.notes += [
        f"{function.ident} may write, so that it was not called here"
        for function in surface.functions
        if function.lasting
    ]
    return found


def _read(
    role_session: RoleSession, profile: Profile, surface: AttackSurface, groups: Sequence[_Group], nameless: set[str]
) -> list[Attempt]:
    role = role_session.role
    functions = [function for function in surface.functions if function.role == role and not function.lasting]
    readings = []
    for group in groups:
        markers = RowMarkers(surface.column, {tenant.label: {tenant.value} for tenant in group.tenants})
        left = _ELSEWHERE[profile.isolation.writes]
        readings.append(ReadAttempts(role_session, markers, group.present, elsewhere=left))

    def read(state: str, plan: Plan, which: Sequence[int]) -> None:
        for number in which:
            for relation in groups[number].relations:
                if relation.access[role].reads:
                    readings[number].read_relation(relation, groups[number].tenants, state, plan)
        if 0 in which:
            for function in functions:
                readings[0].call_function(function, groups[0].tenants, state, plan)

    for_each_state(role_session, surface, profile, [group.tenants for group in groups], read)
    nameless.update(*(reading.nameless for reading in readings))
    return [cell for reading in readings for cell in reading.attempts(role)]


def _grouped(conn: Session, profile: Profile, surface: AttackSurface) -> list[_Group]:
    """Return the relations with the tenants as which they are read: the largest of all, or of the table itself."""
    tables = [table for table in surface.relations if table.tenant and table.kind in "rpf" and table.granted]
    count = profile.isolation.tenants
    known = tenants.frequent(conn, surface.params, **surface.parts)
    # The search of a large table without an index on the tenant is cut short.
    session.set_timeouts(conn, statement_timeout=profile.canary.timeout)
    sampled = tenants.sampled(conn, tables, surface.column)
    for table in tables:
        for tenant, rows in sampled[table.oid].items() if table.level == 0 else ():
            known[tenant] = max(known.get(tenant, 0.0), rows)
    first = _Group(tenants.largest(known, count))
    if len(first.tenants) < _TWO:
        raise Inconclusive("fewer than two tenants have rows that can be seen; correct tenancy.column in the profile")
    groups = [first]
    for relation in surface.relations:
        group = first
        if relation in tables:
            present = _held(conn, relation, first, surface.column)
            own = _Group(tenants.largest(sampled[relation.oid], count))
            if len(present) < _TWO <= len(own.tenants):
                groups.append(own)
                group, present = own, {tenant.label for tenant in own.tenants}
            group.present[relation.oid] = present
        if relation.granted:
            group.relations.append(relation)
    return groups


def _held(conn: Session, relation: TenantRelation, group: _Group, column: str) -> set[str]:
    """Return which of the tenants have rows in a table, read without row-level security."""
    row: Mapping[str, object] = {}
    with tenants.ignoring_unreadable(conn):
        row = conn.execute(seen_statement(relation, column, group.tenants, all_rows=False), {}).fetchone() or {}
    return {label for label, is_seen in row.items() if is_seen}
