"""The order of the states of the setting: a setting that was set in a session can never be unset again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from steward.database import queries
from steward.isolation.probe import tenants
from steward.isolation.probe.matrix import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from steward.isolation.probe.role_session import Plan, RoleSession
    from steward.isolation.probe.surface import AttackSurface
    from steward.isolation.probe.tenants import ProbeTenant
    from steward.profile import Profile

__all__ = ["PLANS", "StateResults", "for_each_state", "judge_session_start"]

PLANS: tuple[Plan, ...] = ("custom", "generic")


@dataclass
class StateResults:
    """The attempts and notes of all roles."""

    cells: list[Attempt] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def judge_session_start(role_session: RoleSession, surface: AttackSurface) -> Attempt:
    """Judge a new session: nothing exempts it from policies, and it has no tenant."""
    params = {**surface.params, "setting": surface.setting}
    row = queries.fetch(role_session.conn, "isolation/probe/session/state", params, **surface.parts)[0]
    faults = {
        "the role is a superuser, whom no policy binds": row["superuser"],
        "the role has BYPASSRLS: no policy binds it": row["bypasses"],
        "a new session is in a tenant already, by a default of the database or the role": row["tenant"] or row["given"],
        f"the role has the rights of the owner of {row['owned']} and could take its policies away": row["owned"],
        "row_security is off": row["row_security"] != "on",
    }
    fault = "; ".join(text for text, is_so in faults.items() if is_so)
    cell = Attempt("(session)", "connect", "fresh", "all", role_session.role, "isolated", "no exemption and no tenant")
    return Attempt(cell.relation, "connect", "fresh", "all", role_session.role, "leak", fault) if fault else cell


def for_each_state(
    role_session: RoleSession,
    surface: AttackSurface,
    profile: Profile,
    groups: Sequence[Sequence[ProbeTenant]],
    do: Callable[[str, Plan, Sequence[int]], None],
) -> None:
    """Call ``do`` in every state, with the numbers of the groups that the state applies to.

    The session has never set the tenant when this begins; what is prepared then is planned anew afterwards.
    """
    category = surface.category
    everyone = range(len(groups))
    for plan in PLANS:
        with role_session.state(None, plan):
            do("fresh", plan, everyone)
    role_session.forget()
    none = {
        "empty": "",
        "malformed": tenants.malformed(category),
        "unknown": tenants.unknown(category, profile.tenancy.format),
    }
    for plan in PLANS:
        for number, group in enumerate(groups):
            for tenant in group:
                with role_session.state(tenant.value, plan):
                    do(tenant.label, plan, [number])
        for state, value in none.items():
            with role_session.state(value, plan):
                do(state, plan, everyone)
    role_session.forget()
