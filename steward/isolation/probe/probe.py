"""The probe: attempts of the application's roles to reach rows of another tenant."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from steward import Inconclusive, NotNeeded
from steward.database import queries, session
from steward.isolation.probe import existing_tenants, synthetic_tenants
from steward.isolation.probe.matrix import Attempt, AttemptMatrix
from steward.isolation.probe.surface import DIFFERENT, attack_surface

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from steward.database.target import Target
    from steward.isolation.probe.surface import Access, AttackSurface, TenantRelation
    from steward.profile import Profile

__all__ = ["run"]

_READS = ("select", "copy")
# The limit for reading the tables' content, which no role of the application does.
_PATIENCE = timedelta(minutes=1)


def run(at: Target, profile: Profile, *, writes: bool, live: bool = False) -> AttemptMatrix:
    """Try every relation as every role of the application, and return how each attempt ended.

    Without ``writes`` existing tenants are read in READ ONLY transactions. With it invented tenants are written, in
    transactions that are always rolled back; ``at`` must then be a database where writing is allowed. ``live``: others
    work in it, so that nothing is tried that could hold them up or touch more rows than the probe's own.

    Raises:
        NotNeeded: the profile names no tenant column.
        Inconclusive: there is nothing that could be tried.
        PrerequisiteError: the login role may not take a role of the application.

    """
    if not profile.tenancy.column:
        raise NotNeeded("the profile names no tenant column (tenancy.column): a database without tenants")
    if not profile.tenancy.setting:
        raise Inconclusive("the profile does not name the setting that holds the tenant (tenancy.setting)")
    started = time.monotonic()
    with session.observer(at, profile) as conn:
        login = conn.info.user
        session.set_timeouts(conn, statement_timeout=_PATIENCE)
        surface = attack_surface(conn, profile)
        with _seeing(profile.roles.maintenance or login, surface.column):
            if writes:
                found = synthetic_tenants.probe_synthetic(at, profile, conn, surface, live=live)
            else:
                found = existing_tenants.probe_existing(at, profile, conn, surface)
    cells = [*_refused(surface, writes=writes), *_beyond(surface), *_closed(surface, login), *found.cells]
    named = (replace(cell, role=surface.chains.get(cell.role, cell.role)) for cell in cells)
    return AttemptMatrix(tuple(named), (*found.notes, *surface.notes), round(time.monotonic() - started, 3))


@contextmanager
def _seeing(role: str, column: str) -> Iterator[None]:
    """Name the missing right where ``role`` cannot read the tables, or the missing index where it cannot in time."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        remedy = f"grant select on it to {role}, which must have BYPASSRLS"
        raise Inconclusive(
            f"the role that verifies the probe cannot read every table: {queries.server_message(error)}; {remedy}"
        ) from error
    except psycopg.errors.QueryCanceled as error:
        remedy = f"an index that begins with {column} answers at once"
        cause = f"the search for rows of tenants took too long: {queries.server_message(error)}"
        raise Inconclusive(f"{cause}; {remedy}") from error


def _refused(surface: AttackSurface, *, writes: bool) -> Iterable[Attempt]:
    """Yield the commands for which a role lacks the privilege, whatever the state of the setting."""
    for relation in surface.relations:
        for role, access in relation.access.items():
            if not access.any:
                yield _ungranted(relation, "all", role)
                continue
            for command, granted in _granted(relation, access, writes=writes).items():
                if not granted:
                    yield _ungranted(relation, command, role)
            if access.reads and not access.reads_tenant and relation.tenant is not None:
                reason = "the role may read other columns, but not the tenant column"
                yield Attempt(relation.ident, "select", "all", "all", role, "inconclusive", reason)


def _granted(relation: TenantRelation, access: Access, *, writes: bool) -> dict[str, bool]:
    """Return for each command whether the role has the privilege that it needs."""
    reads = dict.fromkeys(_READS, access.reads)
    if not writes or not relation.written:
        return reads
    both = access.inserts and access.updates
    return {
        **reads,
        "insert": access.inserts,
        "update": access.updates,
        "update all": access.updates,
        "move": access.moves,
        "delete": access.deletes,
        "delete all": access.deletes,
        "truncate": access.truncates,
        "upsert": both,
        "merge": access.updates,
    }


def _ungranted(relation: TenantRelation, command: str, role: str) -> Attempt:
    return Attempt(relation.ident, command, "all", "all", role, "isolated", "no privilege")


def _beyond(surface: AttackSurface) -> Iterable[Attempt]:
    """Yield the partitions that were not tried because there are too many, and that are guarded in another way."""
    reason = f"more than {DIFFERENT} partitions of its table are granted and guarded each in its own way"
    for relation in surface.untried_partitions:
        for role, access in relation.access.items():
            if access.any:
                yield Attempt(relation.ident, "all", "all", "all", role, "inconclusive", reason)


def _closed(surface: AttackSurface, login: str) -> Iterable[Attempt]:
    """Yield the roles that the application can become and the suite's login cannot."""
    for role, chain in surface.unavailable_roles.items():
        remedy = f"grant {sql.Identifier(role).as_string(None)} to {sql.Identifier(login).as_string(None)}"
        reason = f"the application may become it, and the login role {login} may not: {remedy}"
        yield Attempt("(roles)", "connect", "all", "all", chain, "inconclusive", reason)
