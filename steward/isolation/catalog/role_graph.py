"""The roles that the application can become: those it can act as or whose rights it inherits, each with its chain."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from psycopg import sql

__all__ = [
    "Kind",
    "Membership",
    "ReachableRole",
    "Role",
    "RoleCatalog",
    "RoleGraph",
    "RoleStep",
    "reachable",
]

Kind = Literal["application", "login", "other"]


@dataclass(frozen=True)
class Role:
    """A role; ``past`` says how it gets past row-level security, ``inherited`` whether members inherit that.

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
    """A membership: whether it gives the role's rights, SET ROLE to it, and the means to grant itself the rest."""

    member: int
    role: int
    inherits: bool
    sets: bool
    grants: bool


@dataclass(frozen=True)
class RoleStep:
    """A role at the end of a path of memberships; ``acts``: by SET ROLE, not only by its rights; ``how``: each link."""

    path: tuple[int, ...]
    acts: bool = True
    how: tuple[str, ...] = ()

    @property
    def role(self) -> int:
        """The role that is reached."""
        return self.path[-1]


@dataclass(frozen=True)
class ReachableRole:
    """A role that ``start`` reaches, itself included; ``implied``: a finding on a role before it covers it."""

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
        self.by_name = {role.name: role for role in self.roles.values()}
        self._edges: Mapping[int, list[Membership]] = defaultdict(list)
        for edge in edges:
            self._edges[edge.member].append(edge)

    def steps(self, start: int, *, by_grant: bool = True) -> tuple[RoleStep, ...]:
        """Return the roles that a role reaches by the fewest memberships; ``by_grant``: also those it grants itself."""
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
            # SET ROLE needs the option in every membership from the session's own role on: rights alone do not suffice.
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


def reachable(graph: RoleGraph, names: Iterable[str], spared: Collection[str]) -> tuple[ReachableRole, ...]:
    """Return what the application's roles reach, the logins as which it may connect, and all other logins.

    Left out are ``spared`` logins, such as the suite's own, and logins that no policy holds for anyway.
    """
    application = frozenset(graph.by_name[name].oid for name in names)
    found: list[ReachableRole] = []
    for role in graph.roles.values():
        if role.oid in application:
            found.extend(_reachable_from(graph, role, "application", application))
        elif role.login and role.name not in spared:
            acting = any(step.role in application for step in graph.steps(role.oid, by_grant=False))
            if acting or not role.past:
                found.extend(_reachable_from(graph, role, "login" if acting else "other", application))
    return tuple(found)


def _reachable_from(graph: RoleGraph, start: Role, kind: Kind, application: frozenset[int]) -> Iterator[ReachableRole]:
    """Yield what a role reaches; what an application's role or one without policies on the way reaches is implied."""
    for step in graph.steps(start.oid):
        role = graph.roles[step.role]
        before = any(graph.roles[oid].past for oid in step.path[:-1])
        through = not application.isdisjoint(step.path[1:])
        past = role.past if step.acts or role.inherited else None
        yield ReachableRole(kind, start, role, step, past, implied=before or through)


@dataclass(frozen=True)
class RoleCatalog:
    """The roles of a server, those that the application reaches, and the parameters and parts of statements."""

    graph: RoleGraph
    reachable: tuple[ReachableRole, ...]
    scope: Mapping[str, object]
    parts: Mapping[str, sql.Composable]

    def parameters(self, *kinds: Kind) -> dict[str, Any]:
        """Return the parameters of statements: the scope, and the roles reached by starting roles of these kinds."""
        return {**self.scope, "reached": self._as_json(kinds or ("application", "login"))}

    def _as_json(self, kinds: Collection[Kind]) -> str:
        rows = [
            {
                "kind": one.kind,
                "start": one.start.ident,
                "role": one.role.oid,
                "ident": one.role.ident,
                "acts": one.step.acts,
                "member": self.graph.roles[one.step.path[-2]].ident if one.step.how else None,
                "granted": "granted" in one.step.how[-1:],
                "past": one.past,
                "implied": one.implied,
                "chain": self.graph.chain(one.step),
            }
            for one in self.reachable
            if one.kind in kinds
        ]
        return json.dumps(rows)

    @property
    def assumable(self) -> frozenset[int]:
        """The roles that the application can act as: the checks of roles report what these may do."""
        return frozenset(one.role.oid for one in self.reachable if one.kind != "other" and one.step.acts)

    @property
    def filtered(self) -> tuple[ReachableRole, ...]:
        """The roles that the application can act as and that no finding on a role before them covers."""
        # A login without INHERIT has none of the application's rights before it becomes it, but policies may name it.
        return tuple(
            one for one in self.reachable if one.kind != "other" and one.step.acts and not (one.implied or one.past)
        )
