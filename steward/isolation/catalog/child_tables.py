"""Tables whose rows belong to rows of tenants, and do not say to whose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steward.engine.check import Finding
from steward.isolation.analysis import filters, three_valued
from steward.isolation.analysis.context import TenantBinding
from steward.isolation.catalog import role_graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from steward.engine.check import Check

__all__ = ["unguarded"]

_CLAUSES = ("using", "with check")


def unguarded(check: Check) -> Iterator[Finding]:
    """Yield the tables that the application uses, and where no policy, or one that lets through all, guards the rows.

    What other policies let through cannot be told by the tenant, which is not there: they are not judged.
    """
    known = role_graph.known(check)
    parts = {name: known.within[name] for name in ("tables", "granted", "reached")}
    for row in role_graph.asked(check, "isolation/children", known.told, **parts):
        if not row["rls"]:
            yield _finding(row, "row-level security is not enabled on it", row["guarding"])
            continue
        for policy in row["policies"]:
            wide = [clause for clause in _CLAUSES if policy[clause] is not None and _open(check, policy[clause])]
            if wide:
                clauses = " ".join(f"{clause} ({row['condition']})" for clause in wide)
                remedy = f"alter policy {policy['name']} on {row['ident']} {clauses}"
                yield _finding(row, f"policy {policy['name']} lets through rows of any parent", remedy)


def _open(check: Check, expression: str) -> bool:
    named = check.settings.profile.tenancy
    return filters.admits(expression, TenantBinding(named.column, named.setting), "set") == three_valued.POSSIBLE


def _finding(row: Mapping[str, Any], observed: str, remedy: str) -> Finding:
    return Finding(
        "table",
        row["ident"],
        observed,
        "a policy that lets through the rows whose parent is let through, or a tenant column of its own",
        f"its rows belong to rows of tenants in {row['parent']}, and {row['callers']} may use all of them",
        remedy,
    )
