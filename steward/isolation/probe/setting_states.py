"""The order in which states of the setting are gone through: once set in a session, it is never unset again."""

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

__all__ = ["PLANS", "StateResults", "connected", "rounds"]

PLANS: tuple[Plan, ...] = ("custom", "generic")


@dataclass
class StateResults:
    """What the rounds of all roles have found."""

    cells: list[Attempt] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def connected(tries: RoleSession, ground: AttackSurface) -> Attempt:
    """Judge the session itself as it begins: nothing exempts it from policies, and it is in no tenant."""
    told = {**ground.told, "setting": ground.setting}
    row = queries.fetch(tries.conn, "isolation/probe_self", told, **ground.parts)[0]
    faults = {
        "the role is a superuser, whom no policy binds": row["superuser"],
        "the role has BYPASSRLS: no policy binds it": row["bypasses"],
        "a new session is in a tenant already, by a default of the database or the role": row["tenant"] or row["given"],
        f"the role has the rights of the owner of {row['owned']} and could take its policies away": row["owned"],
        "row_security is off": row["row_security"] != "on",
    }
    fault = "; ".join(text for text, is_so in faults.items() if is_so)
    cell = Attempt("(session)", "connect", "fresh", "all", tries.role, "isolated", "no exemption and no tenant")
    return Attempt(cell.relation, "connect", "fresh", "all", tries.role, "leak", fault) if fault else cell


def rounds(
    tries: RoleSession,
    ground: AttackSurface,
    profile: Profile,
    groups: Sequence[Sequence[ProbeTenant]],
    do: Callable[[str, Plan, Sequence[int]], None],
) -> None:
    """Call ``do`` in every state, with the numbers of the groups that the state is one for.

    The session has never set the tenant when this begins; what is prepared then is planned anew afterwards.
    """
    category = ground.category
    everyone = range(len(groups))
    for plan in PLANS:
        with tries.state(None, plan):
            do("fresh", plan, everyone)
    tries.forget()
    none = {
        "empty": "",
        "malformed": tenants.malformed(category),
        "unknown": tenants.unknown(category, profile.tenancy.format),
    }
    for plan in PLANS:
        for number, group in enumerate(groups):
            for tenant in group:
                with tries.state(tenant.value, plan):
                    do(tenant.label, plan, [number])
        for state, value in none.items():
            with tries.state(value, plan):
                do(state, plan, everyone)
    tries.forget()
