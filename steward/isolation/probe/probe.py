"""Whether one tenant reaches another's rows, by trying it as the application's roles do."""

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
from steward.isolation.probe import existing_tenants, surface, synthetic_tenants
from steward.isolation.probe.matrix import Attempt, AttemptMatrix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from steward.database.target import Target
    from steward.isolation.probe.surface import Access, AttackSurface, TenantRelation
    from steward.profile import Profile

__all__ = ["run"]

_READS = ("select", "copy")
# For looking at what stands in the tables, as nobody of the application does.
_PATIENCE = timedelta(minutes=1)


def run(at: Target, profile: Profile, *, writes: bool, live: bool = False) -> AttemptMatrix:
    """Try every relation as every role of the application, and say of each try how it ended.

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
        session.limit(conn, statement_timeout=_PATIENCE)
        ground = surface.look(conn, profile)
        with _seeing(profile.roles.maintenance or login, ground.column):
            if writes:
                found = synthetic_tenants.tried(at, profile, conn, ground, live=live)
            else:
                found = existing_tenants.tried(at, profile, conn, ground)
    cells = [*_refused(ground, writes=writes), *_beyond(ground), *_closed(ground, login), *found.cells]
    named = (replace(cell, role=ground.chains.get(cell.role, cell.role)) for cell in cells)
    return AttemptMatrix(tuple(named), (*found.notes, *ground.notes), round(time.monotonic() - started, 3))


@contextmanager
def _seeing(role: str, column: str) -> Iterator[None]:
    """Say what is lacking where ``role`` cannot see what stands in the tables, or not in time."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        remedy = f"grant select on it to {role}, which must have BYPASSRLS"
        raise Inconclusive(
            f"who looks after the probe cannot see it all: {queries.server_message(error)}; {remedy}"
        ) from error
    except psycopg.errors.QueryCanceled as error:
        remedy = f"an index that begins with {column} answers at once"
        lacking = f"rows of tenants could not be looked for in time: {queries.server_message(error)}"
        raise Inconclusive(f"{lacking}; {remedy}") from error


def _refused(ground: AttackSurface, *, writes: bool) -> Iterable[Attempt]:
    """Yield what a role lacks the privilege for, whatever the state of the setting."""
    for reach in ground.reaches:
        for role, access in reach.access.items():
            if not access.any:
                yield _ungranted(reach, "all", role)
                continue
            for command, granted in _granted(reach, access, writes=writes).items():
                if not granted:
                    yield _ungranted(reach, command, role)
            if access.reads and not access.reads_tenant and reach.tenant is not None:
                reason = "the role may read other columns, but not the one that tells whose a row is"
                yield Attempt(reach.ident, "select", "all", "all", role, "inconclusive", reason)


def _granted(reach: TenantRelation, access: Access, *, writes: bool) -> dict[str, bool]:
    """Return by command whether the role has the privilege that it needs."""
    reads = dict.fromkeys(_READS, access.reads)
    if not writes or not reach.written:
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


def _ungranted(reach: TenantRelation, command: str, role: str) -> Attempt:
    return Attempt(reach.ident, command, "all", "all", role, "isolated", "no privilege")


def _beyond(ground: AttackSurface) -> Iterable[Attempt]:
    """Yield the partitions that are too many to be tried, and not guarded as those that are."""
    reason = f"more than {surface.DIFFERENT} partitions of its table are granted and guarded each in its own way"
    for reach in ground.beyond:
        for role, access in reach.access.items():
            if access.any:
                yield Attempt(reach.ident, "all", "all", "all", role, "inconclusive", reason)


def _closed(ground: AttackSurface, login: str) -> Iterable[Attempt]:
    """Yield the roles that the application can become, and the suite cannot."""
    for role, chain in ground.closed.items():
        remedy = f"grant {sql.Identifier(role).as_string(None)} to {sql.Identifier(login).as_string(None)}"
        reason = f"the application may become it, and the login role {login} may not: {remedy}"
        yield Attempt("(roles)", "connect", "all", "all", chain, "inconclusive", reason)
