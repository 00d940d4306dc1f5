"""The findings on policies: one for each policy and each way in which it is too wide."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from steward.engine.check import Finding
from steward.isolation.analysis import three_valued

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from steward.isolation.catalog.policies import PolicyCatalog, PolicyLeak
    from steward.isolation.catalog.role_graph import RoleCatalog

__all__ = ["by_item", "findings"]

_OBSERVED = {
    "open": "lets through rows of other tenants",
    "checks": "takes rows for other tenants",
    "unset": "lets through rows of tenants while no tenant is set",
    "empty": "lets through rows of the tenant '' while no tenant is set",
    "nulls": "lets through rows without a tenant",
    "unproven": "may let through rows of other tenants",
}
_DETAIL = {
    "open": "it is permissive, a row of any tenant can meet it, and no restrictive policy narrows it to the session's",
    "checks": "a row of any tenant can meet its check: an insert, or an update without a condition, leaves the tenant",
    "unset": "a session that has set no tenant yet, or whose transaction has ended, reads or writes rows of tenants",
    "empty": "a setting that was reset is '', which the column may hold: sessions without a tenant share such rows",
    "nulls": "the column may be NULL, and a row without a tenant passes",
    "unproven": "a subquery, a function or an operator in it cannot be analysed; the probe shows what it does",
}


def findings(item: str, catalog: PolicyCatalog, roles: RoleCatalog) -> list[Finding]:
    """Return the findings of an item: open, checks, unset, nulls or unproven."""
    chains = {one.role.name: roles.graph.chain(one.step) for one in roles.filtered if one.step.how}
    by_policy: dict[str, list[PolicyLeak]] = defaultdict(list)
    for leak in by_item(catalog.leaks)[item]:
        by_policy[leak.policy.ident].append(leak)
    # A leak to a role of the application itself is not reported again for a role that it can become.
    own = {ident: [leak for leak in leaks if leak.actor not in chains] or leaks for ident, leaks in by_policy.items()}
    return [_finding(item, leaks, catalog, chains) for leaks in own.values()]


def by_item(leaks: Iterable[PolicyLeak]) -> Mapping[str, list[PolicyLeak]]:
    """Return the leaks by the item that reports them; a leak that a worse one covers is left out."""
    # Rows of '' belong to sessions whose setting was reset, whoever else may reach them.
    relevant = [
        leak
        for leak in leaks
        if leak.row != three_valued.EMPTY or (leak.certainty == three_valued.POSSIBLE and leak.state != "set")
    ]
    certain = [leak for leak in relevant if leak.certainty == three_valued.POSSIBLE]
    of_others = {_place(leak) for leak in certain if leak.row == three_valued.OTHER}
    open_sides = {(ident, side) for ident, side, state in of_others if state == "set"}
    leaking = {leak.policy.ident for leak in certain if leak.row != three_valued.EMPTY}
    found: dict[str, list[PolicyLeak]] = defaultdict(list)
    for leak in relevant:
        ident, side, state = _place(leak)
        if leak.certainty == three_valued.PERHAPS:
            if ident not in leaking:
                found["unproven"].append(leak)
        elif leak.row != three_valued.OTHER:
            if (ident, side, state) not in of_others and (ident, side) not in open_sides:
                found["nulls" if leak.row == three_valued.NULL else "unset"].append(leak)
        elif state == "set":
            if side == "using" or (ident, "using") not in open_sides:
                found["open" if side == "using" else "checks"].append(leak)
        elif (ident, side) not in open_sides:
            found["unset"].append(leak)
    return found


def _place(leak: PolicyLeak) -> tuple[str, str, str]:
    return leak.policy.ident, leak.side, leak.state


def _finding(item: str, leaks: list[PolicyLeak], catalog: PolicyCatalog, chains: Mapping[str, str]) -> Finding:
    setting = catalog.setting or "the session's tenant"
    kind = "empty" if all(leak.row == three_valued.EMPTY for leak in leaks) else item
    return Finding(
        object_type="policy",
        object_name=leaks[0].policy.ident,
        observed=f"{_OBSERVED[kind]}: {_commands(leaks)}",
        expected=f"only rows whose {catalog.column} is {setting}",
        detail=_DETAIL[kind] + _through(leaks, chains),
        remediation=leaks[0].policy.remedy,
    )


def _commands(leaks: list[PolicyLeak]) -> str:
    """Return the commands that leak, by role."""
    commands: dict[str, dict[str, None]] = defaultdict(dict)
    for leak in leaks:
        commands[leak.policy.idents[leak.actor]][leak.command] = None
    return "; ".join(f"{', '.join(names)} as {actor}" for actor, names in commands.items())


def _through(leaks: list[PolicyLeak], chains: Mapping[str, str]) -> str:
    """Return the membership by which the policy reaches a role, where it names neither that role nor PUBLIC."""
    via = {leak.actor: leak.policy.actors[leak.actor] for leak in leaks}
    idents = {name: ident for leak in leaks for name, ident in leak.policy.idents.items()}
    through = (f"; it reaches {idents[actor]} through {role}" for actor, role in via.items() if role)
    become = (f"; the application can become {idents[actor]}: {chains[actor]}" for actor in via if actor in chains)
    return "".join((*through, *become))
