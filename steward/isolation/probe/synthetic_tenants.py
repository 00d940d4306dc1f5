"""The probe that writes: invented tenants, in transactions that are rolled back, proved from a second connection."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from steward import Inconclusive
from steward.database import queries, session
from steward.isolation.probe import side_effects, tenants
from steward.isolation.probe.constraint_oracles import ConstraintOracles
from steward.isolation.probe.matrix import Attempt
from steward.isolation.probe.read_attempts import ReadAttempts
from steward.isolation.probe.role_session import STATES, RoleSession
from steward.isolation.probe.row_markers import RowMarkers
from steward.isolation.probe.row_templates import shapes, through
from steward.isolation.probe.seeding import SeededRows
from steward.isolation.probe.setting_states import StateResults, connected, rounds
from steward.isolation.probe.write_attempts import WriteAttempts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from steward.database.session import Session
    from steward.database.target import Target
    from steward.isolation.probe.role_session import Plan
    from steward.isolation.probe.surface import AttackSurface, TenantRelation
    from steward.isolation.probe.tenants import ProbeTenant
    from steward.profile import Profile

__all__ = ["tried"]

_INVENTIONS = 5
_PAIR = 2
_COMMANDS = ("insert", "update", "delete")


def tried(at: Target, profile: Profile, conn: Session, ground: AttackSurface, *, live: bool) -> StateResults:
    """Write and read everything as each role and as invented tenants.

    Raises:
        Inconclusive: no tenant could be invented that nobody is.

    """
    # What nobody is granted is shown by a view or a definer function, if by anything.
    shown = bool(ground.functions)
    wanted = [
        reach
        for reach in ground.reaches
        if reach.written and (reach.granted or (reach.level == 0 and (reach.feeds or shown)))
    ]
    # A view may call another column the tenant's: only where nobody else works may it be written through.
    views = [] if live else [reach for reach in ground.reaches if reach.through]
    written = [reach.oid for reach in (*wanted, *views)]
    standing = shapes(conn, ground, written)
    for view in views:
        table = standing.get(view.base or 0)
        if table is not None:
            standing[view.oid] = through(standing[view.oid], table)
    blocked = side_effects.reactions(conn, profile, ground, written)
    invented = _invented(conn, profile, ground)
    before = side_effects.look(conn, ground, invented, live=live)
    found = StateResults()
    for role in ground.chains:
        with session.probe(at, profile, role) as probing, probing.transaction(force_rollback=True):
            tries = RoleSession(probing, profile, role)
            found.cells.append(connected(tries, ground))
            seeding = SeededRows(probing, profile, ground, standing, blocked)
            seeding.plant(wanted, invented, refresh=not live)
            seeding.show(views)
            queries.execute(probing, "isolation/probe_role", role=sql.Identifier(role))
            found.cells += _round(tries, seeding, [*wanted, *views], live=live)
        found.notes += [note for note in seeding.notes if note not in found.notes]
    changed = list(side_effects.compare(before, side_effects.look(conn, ground, invented, live=live)))
    seen = "sees other rows than before" if changed else "sees what it saw before"
    found.cells += changed
    found.notes.append(
        f"every transaction was rolled back, and a second connection {seen}; sequences have moved on, "
        "and what a function did outside of the database was not looked at"
    )
    return found


def _round(tries: RoleSession, seeding: SeededRows, wanted: Sequence[TenantRelation], *, live: bool) -> list[Attempt]:
    """Go through all states as one role."""
    role, ground = tries.role, seeding.ground
    among = seeding.tenants
    first, second = among[:_PAIR]
    variants = {tenant.label for tenant in among[_PAIR:]}
    marks = RowMarkers(ground.column, seeding.marks, seeding.shared, invented=True)
    reading = ReadAttempts(tries, marks, seeding.held)
    writing = WriteAttempts(tries, seeding.seeder, seeding.counts, whole=not live)
    oracles = ConstraintOracles(tries, seeding.seeder)
    asked: list[Attempt] = []
    functions = [each for each in ground.functions if each.role == role and not (live and each.lasting)]
    writable = [reach for reach in wanted if reach.oid in seeding.planted]

    def do(state: str, plan: Plan, _: Sequence[int]) -> None:
        for reach in ground.reaches:
            # A name that this table refuses has no rows here.
            absent = state in variants and reach.written and state not in seeding.held.get(reach.oid, ())
            if reach.access[role].reads and not absent:
                reading.relation(reach, among, state, plan)
        for function in functions:
            reading.function(function, among, state, plan)
        own = {first.label: first, second.label: second}.get(state)
        if own is None and state not in STATES:
            return
        target = second if own == first else first
        for reach in writable:
            if own is not None:
                writing.own(reach, own, plan)
                if plan == "custom" and reach.written:
                    asked.extend(oracles.ask(reach, own, target))
            writing.other(reach, state, own or target, target, plan)

    rounds(tries, ground, seeding.profile, [among], do)
    missed = [*_missed(ground, seeding, wanted, role), *_uncalled(ground, role, live=live)]
    return [*_shown(ground, reading.judged(role), variants, live=live), *writing.judged(), *asked, *missed]


def _shown(ground: AttackSurface, cells: Iterable[Attempt], variants: set[str], *, live: bool) -> Iterable[Attempt]:
    """Leave out what views cannot prove: all where none is refreshed, else names that the tables refuse.

    Where none is refreshed, they are read as existing tenants, but for those that do not say whose their rows are.
    """
    tables = {reach.ident for reach in ground.reaches if reach.written}
    nameless = {reach.ident for reach in ground.reaches if reach.tenant is None}
    for cell in cells:
        empty = cell.verdict == "inconclusive" and cell.relation not in tables
        if not (empty and ((live and cell.relation not in nameless) or cell.state in variants)):
            yield cell


def _missed(ground: AttackSurface, seeding: SeededRows, wanted: Sequence[TenantRelation], role: str) -> list[Attempt]:
    """Return the tables into which the role may write, and that hold no rows of A and B to try it on."""
    foreign = [reach for reach in ground.reaches if reach.kind == "f"]
    told = [(reach, seeding.refused.get(reach.oid, "")) for reach in wanted if reach.oid not in seeding.planted]
    told += [(reach, "a write to a foreign table is not rolled back here") for reach in foreign]
    known = {reach.oid for reach in wanted}
    views = [reach for reach in ground.reaches if reach.kind == "v" and reach.oid not in known]
    told += [(view, "writes through it are not tried; isolation_views judges them by the catalog") for view in views]
    cells = []
    for reach, reason in told:
        access = reach.access[role]
        for command, granted in zip(_COMMANDS, (access.inserts, access.updates, access.deletes), strict=True):
            if granted:
                cells.append(Attempt(reach.ident, command, "all", "all", role, "inconclusive", reason))
    return cells


def _uncalled(ground: AttackSurface, role: str, *, live: bool) -> list[Attempt]:
    """Return the functions that are not called where others work."""
    reason = "it may write, so that it is not called in a database where others work"
    return [
        Attempt(function.ident, "call", "all", "all", role, "inconclusive", reason)
        for function in ground.functions
        if live and function.lasting and function.tells and function.role == role
    ]


def _invented(conn: Session, profile: Profile, ground: AttackSurface) -> tuple[ProbeTenant, ...]:
    """Return tenants that have no rows anywhere."""
    for number in range(_INVENTIONS):
        # Tenants that are numbered may be all of the small ones.
        found = tenants.invented(ground.category, profile.tenancy.format, large=number > 1)
        alike = len({tenant.value for tenant in found}) < len(found)
        # What the column's type does not hold is nobody.
        with suppress(psycopg.errors.DataError):
            if not alike and not any(side_effects.owned(conn, reach, ground.column, found) for reach in ground.tables):
                return found
    raise Inconclusive("no tenant could be invented that has no rows yet; tenancy.format of the profile leaves too few")
