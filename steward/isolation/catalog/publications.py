"""What publications send: a row filter that names tenants sends their rows, any other one everybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steward.isolation.analysis import filters, three_valued
from steward.isolation.analysis.context import TenantBinding
from steward.isolation.catalog import role_graph

if TYPE_CHECKING:
    from steward.engine.check import Check

__all__ = ["expected"]

# No filter names this one.
_NOBODY = three_valued.AbstractValue("constant", "a tenant that nobody has named")


def expected(check: Check) -> dict[str, object]:
    """Return the parameters of the query; ``named``: where a filter lets through the tenants that it names only."""
    known = role_graph.known(check)
    rows = role_graph.asked(check, "isolation/row_filters", known.told, **known.within)
    column = check.settings.profile.tenancy.column
    return {**known.told, "named": [row["sent"] for row in rows if not _open(row["filter"], column, row["type"])]}


def _open(expression: str, column: str, kind: str) -> bool:
    terms = TenantBinding(column, "", (filters.column_type(kind),))
    return any(filters.admits(expression, terms, "set", row) for row in (_NOBODY, three_valued.NULL))
