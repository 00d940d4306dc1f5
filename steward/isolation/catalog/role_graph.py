"""What the application can become: the roles that it can act as or whose rights it inherits, each with its chain."""

from __future__ import annotations

import json
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import psycopg

from steward.database import queries
from steward.isolation.catalog import scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from psycopg import sql

    from steward.engine.check import Check
    from steward.profile import Profile

__all__ = [
    "Kind",
    "Membership",
    "ReachableRole",
    "Role",
    "RoleCatalog",
    "RoleGraph",
    "RoleStep",
    "asked",
    "expected",
    "graph",
    "known",
    "reached",
    "told",
    "within",
]

Kind = Literal["application", "login", "other"]


@dataclass(frozen=True)
class Role:
    """A role; ``past`` is how it gets past row-level security, ``inherited`` whether its members do so as they are.

    ``bypasses``: no policy holds for it.
    """

    oid: int
    name: str
    ident: str
    login: bool = False
    past: str | None = None
    bypasses: bool = False
    inherited: bool = False


@dataclass(frozen=True)
class Membership:
    """What a membership gives: the role's rights, SET ROLE to it, and that the member can grant itself the rest."""

    member: int
    role: int
    inherits: bool
    sets: bool
    grants: bool


@dataclass(frozen=True)
class RoleStep:
    """A role at the end of a path of roles; ``acts``: by SET ROLE, and not only by its rights; ``how`` each came."""

    path: tuple[int, ...]
    acts: bool = True
    how: tuple[str, ...] = ()

    @property
    def role(self) -> int:
        """The role that is reached."""
        return self.path[-1]


@dataclass(frozen=True)
class ReachableRole:
    """A role that ``start`` reaches, itself among them; ``implied`` by what is told of a role before it."""

    kind: Kind
    start: Role
    role: Role
    step: RoleStep
    past: str | None
    implied: bool


class RoleGraph:
    """The roles of a server and their memberships."""

    def __init__(self, roles: Iterable[Role], edges: Iterable[Membership]) -> None:
        self.roles = {role.oid: role for role in roles}
        self.named = {role.name: role for role in self.roles.values()}
        self._edges: Mapping[int, list[Membership]] = defaultdict(list)
        for edge in edges:
            self._edges[edge.member].append(edge)

    def steps(self, start: int, *, by_grant: bool = True) -> tuple[RoleStep, ...]:
        """Return what a role reaches by the fewest memberships; ``by_grant``: also by what it can grant itself."""
        found: dict[int, RoleStep] = {}
        waiting = deque([RoleStep((start,))])
        while waiting:
            step = waiting.popleft()
            before = found.get(step.role)
            if before is None or (step.acts and not before.acts):
                found[step.role] = step
                waiting.extend(self._onward(step, by_grant=by_grant))
        return tuple(found.values())

    def _onward(self, step: RoleStep, *, by_grant: bool) -> Iterator[RoleStep]:
        for edge in self._edges.get(step.role, ()):
            path = (*step.path, edge.role)
            # SET ROLE asks every membership from the session's own role on, so that it does not follow mere rights.
            if edge.sets and step.acts:
                yield RoleStep(path, acts=True, how=(*step.how, ""))
            elif edge.grants and by_grant:
                yield RoleStep(path, acts=True, how=(*step.how, "granted"))
            elif edge.inherits:
                yield RoleStep(path, acts=False, how=(*step.how, "rights"))

    def rights(self, role: int) -> frozenset[int]:
        """Return the roles whose rights a role has as it is, its own among them."""
        found, waiting = {role}, [role]
        while waiting:
            for edge in self._edges.get(waiting.pop(), ()):
                if edge.inherits and edge.role not in found:
                    found.add(edge.role)
                    waiting.append(edge.role)
        return frozenset(found)

    def chain(self, step: RoleStep) -> str:
        """Return a path in words."""
        words = {"": "", "granted": " (by granting it to itself)", "rights": " (its rights, not SET ROLE)"}
        onward = (f" → {self.roles[oid].ident}{words[how]}" for oid, how in zip(step.path[1:], step.how, strict=True))
        return "".join([self.roles[step.path[0]].ident, *onward])


def asked(
    check: Check, name: str, told: Mapping[str, object] | None = None, **parts: sql.Composable
) -> list[dict[str, Any]]:
    """Return the rows of a statement on which findings are reckoned, and keep it for the record."""
    statement = queries.compose(name, check.conn.info.server_version, **parts)
    started = time.monotonic()
    rows = check.conn.execute(statement, told or {}).fetchall()
    text = psycopg.ClientCursor(check.conn).mogrify(queries.redacted(statement), told or {})
    check.note(f"-- sql/{name}.sql\n{text}", time.monotonic() - started, len(rows))
    return rows


def graph(check: Check) -> RoleGraph:
    """Read all roles and memberships, which everybody may."""
    roles = (Role(**row) for row in asked(check, "isolation/roles"))
    edges = (Membership(**row) for row in asked(check, "isolation/memberships"))
    return RoleGraph(roles, edges)


def reached(check: Check, read: RoleGraph) -> tuple[ReachableRole, ...]:
    """Return what the application's roles reach, the logins as which it may connect, and all other logins.

    None of these are the suite's own login, the administrators' role, and logins that no policy holds for anyway.
    """
    profile = check.settings.profile
    names = scope.roles(profile)
    application = frozenset(read.named[name].oid for name in names)
    spared = {read.named[name].oid for name in _spared(check, profile) if name in read.named}
    found: list[ReachableRole] = []
    for role in read.roles.values():
        if role.oid in application:
            found.extend(_from(read, role, "application", application))
        elif role.login and role.oid not in spared:
            acting = any(step.role in application for step in read.steps(role.oid, by_grant=False))
            if acting or not role.past:
                found.extend(_from(read, role, "login" if acting else "other", application))
    return tuple(found)


def _spared(check: Check, profile: Profile) -> tuple[str, ...]:
    return (profile.roles.login, profile.roles.maintenance, profile.roles.admin, check.conn.info.user)


def _from(read: RoleGraph, start: Role, kind: Kind, application: frozenset[int]) -> Iterator[ReachableRole]:
    """Yield what a role reaches; what an application's role or one without policies on the way reaches is implied."""
    for step in read.steps(start.oid):
        role = read.roles[step.role]
        before = any(read.roles[oid].past for oid in step.path[:-1])
        through = not application.isdisjoint(step.path[1:])
        past = role.past if step.acts or role.inherited else None
        yield ReachableRole(kind, start, role, step, past, implied=before or through)


def told(read: RoleGraph, found: Iterable[ReachableRole], *kinds: Kind) -> str:
    """Return what is reached as statements take it, of these kinds."""
    rows = [
        {
            "kind": each.kind,
            "start": each.start.ident,
            "role": each.role.oid,
            "ident": each.role.ident,
            "acts": each.step.acts,
            "member": read.roles[each.step.path[-2]].ident if each.step.how else None,
            "granted": "granted" in each.step.how[-1:],
            "past": each.past,
            "implied": each.implied,
            "chain": read.chain(each.step),
        }
        for each in found
        if each.kind in kinds
    ]
    return json.dumps(rows)


@dataclass(frozen=True)
class RoleCatalog:
    """The roles, what the application reaches of them, and the parameters and parts of statements."""

    graph: RoleGraph
    reached: tuple[ReachableRole, ...]
    told: Mapping[str, Any]
    within: Mapping[str, sql.Composable]

    @property
    def own(self) -> frozenset[int]:
        """The roles that the application can act as: what these may do is told of the roles."""
        return frozenset(each.role.oid for each in self.reached if each.kind != "other" and each.step.acts)


def known(check: Check, *kinds: Kind) -> RoleCatalog:
    """Read all of it once; by default of all that the application is."""
    common = scope.expected(check)
    read = graph(check)
    found = reached(check, read)
    params = {**common, "reached": told(read, found, *(kinds or ("application", "login")))}
    return RoleCatalog(read, found, params, within(check))


def expected(check: Check, *kinds: Kind) -> dict[str, Any]:
    """Return the parameters of statements with the parts of ``within``."""
    return dict(known(check, *kinds).told)


def within(check: Check) -> dict[str, sql.Composable]:
    """Return the parts ``{ours}``, ``{tables}``, ``{reached}``, ``{granted}``, ``{firing}`` and ``{holding}``."""
    version = check.conn.info.server_version
    parts = scope.within(check)
    parts["reached"] = queries.compose("isolation/reached", version)
    parts["granted"] = queries.compose("isolation/granted", version, **parts)
    parts["firing"] = queries.compose("isolation/firing", version, **parts)
    parts["holding"] = queries.compose("isolation/holding", version, **parts)
    return parts
