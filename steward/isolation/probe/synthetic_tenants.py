"""The probe of invented tenants: it writes in transactions that are rolled back, verified by a second connection."""

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
from steward.isolation.probe.row_templates import read_templates, view_template
from steward.isolation.probe.seeding import SeededRows
from steward.isolation.probe.setting_states import StateResults, for_each_state, judge_session_start
from steward.isolation.probe.write_attempts import WriteAttempts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from steward.database.session import Session
    from steward.database.target import Target
    from steward.isolation.probe.role_session import Plan
    from steward.isolation.probe.surface import AttackSurface, TenantRelation
    from steward.isolation.probe.tenants import ProbeTenant
    from steward.profile import Profile

__all__ = ["probe_synthetic"]

_INVENTIONS = 5
_PAIR = 2
_COMMANDS = ("insert", "update", "delete")


def probe_synthetic(at: Target, profile: Profile, conn: Session, surface: AttackSurface, *, live: bool) -> StateResults:
    """Write and read every relation as each role and as invented tenants.

    Raises:
        Inconclusive: every invented tenant already has rows.

    """
    # A table that no role has rights on can only be shown by a view or a SECURITY DEFINER function.
    shown = bool(surface.functions)
    wanted = [
        relation
        for relation in surface.relations
        if relation.written and (relation.granted or (relation.level == 0 and (relation.feeds or shown)))
    ]
    # A view may show another column as the tenant: it is written through only where nobody else works.
    views = [] if live else [relation for relation in surface.relations if relation.through]
    written = [relation.oid for relation in (*wanted, *views)]
    templates = read_templates(conn, surface, written)
    for view in views:
        table = templates.get(view.base or 0)
        if table is not None:
            templates[view.oid] = view_template(templates[view.oid], table)
    blocked = side_effects.write_side_effects(conn, profile, surface, written)
    invented = _invented(conn, profile, surface)
    before = side_effects.table_contents(conn, surface, invented, live=live)
    found = StateResults()
    for role in surface.chains:
        with session.probe(at, profile, role) as conn_as_role, conn_as_role.transaction(force_rollback=True):
            role_session = RoleSession(conn_as_role, profile, role)
            found.cells.append(judge_session_start(role_session, surface))
            seeding = SeededRows(conn_as_role, profile, surface, templates, blocked)
            seeding.plant(wanted, invented, refresh=not live)
            seeding.offer_views(views)
            queries.execute(conn_as_role, "isolation/probe/session/set_role", role=sql.Identifier(role))
            found.cells += _round(role_session, seeding, [*wanted, *views], live=live)
        found.notes += [note for note in seeding.notes if note not in found.notes]
    changed = list(side_effects.changed_tables(before, side_effects.table_contents(conn, surface, invented, live=live)))
    seen = "sees other rows than before" if changed else "sees what it saw before"
    found.cells += changed
    found.notes.append(
        f"every transaction was rolled back, and a second connection {seen}; sequences have moved on, "
        "and what a function did outside of the database was not checked"
    )
    return found


def _round(
    role_session: RoleSession, seeding: SeededRows, wanted: Sequence[TenantRelation], *, live: bool
) -> list[Attempt]:
    """Run all attempts of one role in every state."""
    role, surface = role_session.role, seeding.surface
    among = seeding.tenants
    first, second = among[:_PAIR]
    variants = {tenant.label for tenant in among[_PAIR:]}
    markers = RowMarkers(surface.column, seeding.markers, seeding.shared, invented=True)
    reading = ReadAttempts(role_session, markers, seeding.present)
    writing = WriteAttempts(role_session, seeding.seeder, seeding.counts, whole=not live)
    oracles = ConstraintOracles(role_session, seeding.seeder)
    disclosures: list[Attempt] = []
    functions = [
        function for function in surface.functions if function.role == role and not (live and function.lasting)
    ]
    writable = [relation for relation in wanted if relation.oid in seeding.planted]

    def do(state: str, plan: Plan, _: Sequence[int]) -> None:
        for relation in surface.relations:
            # A tenant whose name this table refuses has no rows here.
            absent = state in variants and relation.written and state not in seeding.present.get(relation.oid, ())
            if relation.access[role].reads and not absent:
                reading.read_relation(relation, among, state, plan)
        for function in functions:
            reading.call_function(function, among, state, plan)
        own = {first.label: first, second.label: second}.get(state)
        if own is None and state not in STATES:
            return
        target = second if own == first else first
        for relation in writable:
            if own is not None:
                writing.write_own(relation, own, plan)
                if plan == "custom" and relation.written:
                    disclosures.extend(oracles.attempts(relation, own, target))
            writing.write_other(relation, state, own or target, target, plan)

    for_each_state(role_session, surface, seeding.profile, [among], do)
    missed = [*_missed(surface, seeding, wanted, role), *_uncalled(surface, role, live=live)]
    return [*_shown(surface, reading.attempts(role), variants, live=live), *writing.attempts(), *disclosures, *missed]


def _shown(surface: AttackSurface, cells: Iterable[Attempt], variants: set[str], *, live: bool) -> Iterable[Attempt]:
    """Leave out what views cannot prove: everything where none is refreshed, else names that tables refuse.

    Where none is refreshed, existing tenants prove them, except for views without a tenant column.
    """
    tables = {relation.ident for relation in surface.relations if relation.written}
    nameless = {relation.ident for relation in surface.relations if relation.tenant is None}
    for cell in cells:
        empty = cell.verdict == "inconclusive" and cell.relation not in tables
        if not (empty and ((live and cell.relation not in nameless) or cell.state in variants)):
            yield cell


def _missed(surface: AttackSurface, seeding: SeededRows, wanted: Sequence[TenantRelation], role: str) -> list[Attempt]:
    """Return the tables that the role may write, and that have no rows of A and B to try it on."""
    foreign = [relation for relation in surface.relations if relation.kind == "f"]
    reasons = [
        (relation, seeding.refused.get(relation.oid, "")) for relation in wanted if relation.oid not in seeding.planted
    ]
    reasons += [(relation, "a write to a foreign table is not rolled back here") for relation in foreign]
    known = {relation.oid for relation in wanted}
    views = [relation for relation in surface.relations if relation.kind == "v" and relation.oid not in known]
    reasons += [(view, "writes through it are not tried; isolation_views judges them by the catalog") for view in views]
    cells = []
    for relation, reason in reasons:
        access = relation.access[role]
        for command, granted in zip(_COMMANDS, (access.inserts, access.updates, access.deletes), strict=True):
            if granted:
                cells.append(Attempt(relation.ident, command, "all", "all", role, "inconclusive", reason))
    return cells


def _uncalled(surface: AttackSurface, role: str, *, live: bool) -> list[Attempt]:
    """Return the functions that are not called in a live database."""
    reason = "it may write, so that it is not called in a database where others work"
    return [
        Attempt(function.ident, "call", "all", "all", role, "inconclusive", reason)
        for function in surface.functions
        if live and function.lasting and function.tells and function.role == role
    ]


def _invented(conn: Session, profile: Profile, surface: AttackSurface) -> tuple[ProbeTenant, ...]:
    """Return tenants that have no rows anywhere."""
    for number in range(_INVENTIONS):
        # Where tenants are numbers, all small ones may exist.
        found = tenants.invented(surface.category, profile.tenancy.format, large=number > 1)
        alike = len({tenant.value for tenant in found}) < len(found)
        # A value that the column's type refuses is no tenant.
        with suppress(psycopg.errors.DataError):
            if not alike and not any(
                side_effects.rows_by_tenant(conn, relation, surface.column, found) for relation in surface.tables
            ):
                return found
    raise Inconclusive("no tenant could be invented that has no rows yet; tenancy.format of the profile leaves too few")
