"""Tables whose rows belong to rows of tenants, and that have no tenant column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steward.engine.check import Finding
from steward.isolation.analysis import filters, three_valued
from steward.isolation.analysis.context import TenantBinding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

__all__ = ["unguarded"]

_CLAUSES = ("using", "with check")


def unguarded(children: Iterable[Mapping[str, Any]], column: str, setting: str) -> Iterator[Finding]:
    """Yield the tables whose rows no policy guards, or one that lets all through; rows of isolation/children.

    Other policies are not judged: without a tenant column the rows that they let through have no known tenant.
    """
    binding = TenantBinding(column, setting)
    for table in children:
        if not table["rls"]:
            yield _finding(table, "row-level security is not enabled on it", table["guarding"])
            continue
        for policy in table["policies"]:
            wide = [clause for clause in _CLAUSES if policy[clause] is not None and _is_open(policy[clause], binding)]
            if wide:
                clauses = " ".join(f"{clause} ({table['condition']})" for clause in wide)
                remedy = f"alter policy {policy['name']} on {table['ident']} {clauses}"
                yield _finding(table, f"policy {policy['name']} lets through rows of any parent", remedy)


def _is_open(expression: str, binding: TenantBinding) -> bool:
    return filters.admits(expression, binding, "set") == three_valued.POSSIBLE


def _finding(table: Mapping[str, Any], observed: str, remedy: str) -> Finding:
    return Finding(
        "table",
        table["ident"],
        observed,
        "a policy that lets through the rows whose parent is let through, or a tenant column of its own",
        f"its rows belong to rows of tenants in {table['parent']}, and {table['callers']} may use all of them",
        remedy,
    )
