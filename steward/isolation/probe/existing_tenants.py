"""The probe on live data: existing tenants, read in READ ONLY transactions, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steward import Inconclusive
from steward.database import queries, session
from steward.isolation.probe import tenants
from steward.isolation.probe.read_attempts import ReadAttempts
from steward.isolation.probe.role_session import RoleSession, seen_statement
from steward.isolation.probe.row_markers import RowMarkers
from steward.isolation.probe.setting_states import StateResults, connected, rounds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steward.database.session import Session
    from steward.database.target import Target
    from steward.isolation.probe.matrix import Attempt
    from steward.isolation.probe.role_session import Plan
    from steward.isolation.probe.surface import AttackSurface, TenantRelation
    from steward.isolation.probe.tenants import ProbeTenant
    from steward.profile import Profile

__all__ = ["tried"]

_TWO = 2
# What the probe that writes tells better. Live it calls nothing that may write, and refreshes nothing to be read.
_ELSEWHERE = {"clone": frozenset({"select", "call"}), "live": frozenset({"select"}), "never": frozenset[str]()}


class _Group:
    """Relations that are read as the same tenants, and which of those have rows in each of them."""

    def __init__(self, among: Sequence[ProbeTenant]) -> None:
        self.tenants = among
        self.reaches: list[TenantRelation] = []
        self.held: dict[int, set[str]] = {}


def tried(at: Target, profile: Profile, conn: Session, ground: AttackSurface) -> StateResults:
    """Read everything as each role and as the largest tenants.

    Raises:
        Inconclusive: fewer than two tenants have rows.

    """
    groups = _grouped(conn, profile, ground)
    found = StateResults()
    nameless: set[str] = set()
    for role in ground.chains:
        with session.probe(at, profile, role) as probing:
            probing.read_only = True
            tries = RoleSession(probing, profile, role)
            with probing.transaction(force_rollback=True):
                found.cells.append(connected(tries, ground))
                found.cells += _read(tries, profile, ground, groups, nameless)
                if queries.fetch(probing, "isolation/probe_written")[0]["written"]:
                    raise AssertionError("a READ ONLY transaction has written")
    count = len(groups[0].tenants)
    found.notes.append(f"read as the {count} largest tenants, A with the most rows; no transaction wrote anything")
    if nameless:
        shown = f"{', '.join(sorted(nameless))}: they name no tenant in what they show"
        found.notes.append(f"{shown}, and are left to the probe that writes, which knows its own rows")
    found.notes += [
        f"{function.ident} may write, so that it was not called here"
        for function in ground.functions
        if function.lasting
    ]
    return found


def _read(
    tries: RoleSession, profile: Profile, ground: AttackSurface, groups: Sequence[_Group], nameless: set[str]
) -> list[Attempt]:
    role = tries.role
    functions = [each for each in ground.functions if each.role == role and not each.lasting]
    readings = []
    for group in groups:
        marks = RowMarkers(ground.column, {tenant.label: {tenant.value} for tenant in group.tenants})
        left = _ELSEWHERE[profile.isolation.writes]
        readings.append(ReadAttempts(tries, marks, group.held, elsewhere=left))

    def read(state: str, plan: Plan, which: Sequence[int]) -> None:
        for number in which:
            for reach in groups[number].reaches:
                if reach.access[role].reads:
                    readings[number].relation(reach, groups[number].tenants, state, plan)
        if 0 in which:
            for function in functions:
                readings[0].function(function, groups[0].tenants, state, plan)

    rounds(tries, ground, profile, [group.tenants for group in groups], read)
    nameless.update(*(reading.nameless for reading in readings))
    return [cell for reading in readings for cell in reading.judged(role)]


def _grouped(conn: Session, profile: Profile, ground: AttackSurface) -> list[_Group]:
    """Return the relations with the tenants that they are read as: the largest of all, or of the table itself."""
    tables = [reach for reach in ground.reaches if reach.tenant and reach.kind in "rpf" and reach.granted]
    count = profile.isolation.tenants
    known = tenants.frequent(conn, ground.told, **ground.parts)
    # A large table without an index on the tenant is not searched to its end.
    session.limit(conn, statement_timeout=profile.canary.timeout)
    sampled = tenants.sampled(conn, tables, ground.column)
    for reach in tables:
        for tenant, rows in sampled[reach.oid].items() if reach.level == 0 else ():
            known[tenant] = max(known.get(tenant, 0.0), rows)
    first = _Group(tenants.largest(known, count))
    if len(first.tenants) < _TWO:
        raise Inconclusive("fewer than two tenants have rows that can be seen; select what tells one from another")
    groups = [first]
    for reach in ground.reaches:
        group = first
        if reach in tables:
            held = _held(conn, reach, first, ground.column)
            own = _Group(tenants.largest(sampled[reach.oid], count))
            if len(held) < _TWO <= len(own.tenants):
                groups.append(own)
                group, held = own, {tenant.label for tenant in own.tenants}
            group.held[reach.oid] = held
        if reach.granted:
            group.reaches.append(reach)
    return groups


def _held(conn: Session, reach: TenantRelation, group: _Group, column: str) -> set[str]:
    """Return which of the tenants have rows in a table, as somebody sees who is not filtered."""
    row: Mapping[str, object] = {}
    with tenants.unreadable(conn):
        row = conn.execute(seen_statement(reach, column, group.tenants, all_rows=False), {}).fetchone() or {}
    return {label for label, is_seen in row.items() if is_seen}
