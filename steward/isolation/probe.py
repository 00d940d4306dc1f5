"""Whether one tenant reaches another's rows, by trying it as the application's roles do."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg

from steward import Inconclusive, NotNeeded, queries, session
from steward.isolation import existing, invention, relations
from steward.isolation.matrix import Cell, Matrix

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steward.isolation.relations import Access, Ground, Reach
    from steward.profile import Profile
    from steward.target import Target

__all__ = ["run"]

_READS = ("select", "copy")


def run(at: Target, profile: Profile, *, writes: bool, live: bool = False) -> Matrix:
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
        ground = relations.look(conn, profile)
        try:
            if writes:
                found = invention.tried(at, profile, conn, ground, live=live)
            else:
                found = existing.tried(at, profile, conn, ground)
        except psycopg.errors.InsufficientPrivilege as error:
            role = profile.roles.maintenance or login
            remedy = f"grant select on it to {role}, which must have BYPASSRLS"
            raise Inconclusive(
                f"who looks after the probe cannot see it all: {queries.said(error)}; {remedy}"
            ) from error
    cells = [*_refused(ground, writes=writes), *_closed(ground, login), *found.cells]
    named = (replace(cell, role=ground.chains.get(cell.role, cell.role)) for cell in cells)
    return Matrix(tuple(named), tuple(found.notes), round(time.monotonic() - started, 3))


def _refused(ground: Ground, *, writes: bool) -> Iterable[Cell]:
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
                yield Cell(reach.ident, "select", "all", "all", role, "inconclusive", reason)


def _granted(reach: Reach, access: Access, *, writes: bool) -> dict[str, bool]:
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


def _ungranted(reach: Reach, command: str, role: str) -> Cell:
    return Cell(reach.ident, command, "all", "all", role, "isolated", "no privilege")


def _closed(ground: Ground, login: str) -> Iterable[Cell]:
    """Yield the roles that the application can become, and the suite cannot."""
    for role, chain in ground.closed.items():
        reason = f"the application may become it, and the login role {login} may not: grant {role} to {login}"
        yield Cell("(roles)", "connect", "all", "all", chain, "inconclusive", reason)
