"""What policies let through, as findings: one for each policy and each way in which it is too wide."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from steward.engine.check import Finding
from steward.isolation.analysis import three_valued
from steward.isolation.catalog import policies, role_graph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from steward.engine.check import Check, Findings
    from steward.isolation.catalog.policies import PolicyCatalog, PolicyLeak

__all__ = ["found", "sorted_out"]

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
    "unset": "a session that has set no tenant yet, or whose transaction has ended, comes at them, often at all",
    "empty": "a setting that was reset is '', which the column may hold: sessions without a tenant share such rows",
    "nulls": "the column may be NULL, and a row of nobody passes",
    "unproven": "a subquery, a function or an operator in it cannot be looked into; the probe shows what it does",
}


def found(check: Check, item: str) -> Findings:
    """Keep and return the findings of an item: open, checks, unset, nulls or unproven.

    Raises:
        Inconclusive: there is nothing that could be judged, or it cannot be read.

    """
    policies.expected(check)
    read = role_graph.graph(check)
    # A login without INHERIT has none of the application's rights before it becomes it, but policies may name it.
    acting = [
        each
        for each in role_graph.reached(check, read)
        if each.kind != "other" and each.step.acts and not (each.implied or each.past)
    ]
    told = policies.known(check, (each.role.oid for each in acting))
    chains = {each.role.name: read.chain(each.step) for each in acting if each.step.how}
    holes = sorted_out(policies.holes(told))[item]
    return check.judge(f"isolation_policies_{item}", _findings(item, holes, told, chains))


def sorted_out(holes: Iterable[PolicyLeak]) -> Mapping[str, list[PolicyLeak]]:
    """Return the holes by the item that tells them; what is told as worse is not told again."""
    # Rows of '' are those of a session whose setting was reset, whatever else may come at them.
    every = [
        hole
        for hole in holes
        if hole.row != three_valued.EMPTY or (hole.sure == three_valued.POSSIBLE and hole.state != "set")
    ]
    certain = {_place(hole) for hole in every if hole.sure == three_valued.POSSIBLE and hole.row == three_valued.OTHER}
    wide = {(ident, side) for ident, side, state in certain if state == "set"}
    holed = {
        hole.policy.ident for hole in every if hole.sure == three_valued.POSSIBLE and hole.row != three_valued.EMPTY
    }
    told: dict[str, list[PolicyLeak]] = defaultdict(list)
    for hole in every:
        ident, side, state = _place(hole)
        if hole.sure == three_valued.PERHAPS:
            if ident not in holed:
                told["unproven"].append(hole)
        elif hole.row != three_valued.OTHER:
            if (ident, side, state) not in certain and (ident, side) not in wide:
                told["nulls" if hole.row == three_valued.NULL else "unset"].append(hole)
        elif state == "set":
            if side == "using" or (ident, "using") not in wide:
                told["open" if side == "using" else "checks"].append(hole)
        elif (ident, side) not in wide:
            told["unset"].append(hole)
    return told


def _place(hole: PolicyLeak) -> tuple[str, str, str]:
    return hole.policy.ident, hole.side, hole.state


def _findings(item: str, holes: Iterable[PolicyLeak], told: PolicyCatalog, chains: Mapping[str, str]) -> list[Finding]:
    every: dict[str, list[PolicyLeak]] = defaultdict(list)
    for hole in holes:
        every[hole.policy.ident].append(hole)
    # What a role of the application has as it is, is not told again of a role that it can become.
    by_policy = {ident: [hole for hole in each if hole.actor not in chains] or each for ident, each in every.items()}
    return [_finding(item, each, told, chains) for each in by_policy.values()]


def _finding(item: str, holes: list[PolicyLeak], told: PolicyCatalog, chains: Mapping[str, str]) -> Finding:
    setting = told.setting or "the session's tenant"
    kind = "empty" if all(hole.row == three_valued.EMPTY for hole in holes) else item
    return Finding(
        object_type="policy",
        object_name=holes[0].policy.ident,
        observed=f"{_OBSERVED[kind]}: {_who(holes)}",
        expected=f"only rows whose {told.column} is {setting}",
        detail=_DETAIL[kind] + _through(holes, chains),
        remediation=holes[0].policy.remedy,
    )


def _who(holes: list[PolicyLeak]) -> str:
    """Tell which commands find the hole, by role."""
    commands: dict[str, dict[str, None]] = defaultdict(dict)
    for hole in holes:
        commands[hole.policy.idents[hole.actor]][hole.command] = None
    return "; ".join(f"{', '.join(each)} as {actor}" for actor, each in commands.items())


def _through(holes: list[PolicyLeak], chains: Mapping[str, str]) -> str:
    """Tell by which membership the policy reaches a role, where it names neither that role nor PUBLIC."""
    via = {hole.actor: hole.policy.actors[hole.actor] for hole in holes}
    idents = {name: ident for hole in holes for name, ident in hole.policy.idents.items()}
    through = (f"; it reaches {idents[actor]} through {role}" for actor, role in via.items() if role)
    become = (f"; the application can become {idents[actor]}: {chains[actor]}" for actor in via if actor in chains)
    return "".join((*through, *become))
