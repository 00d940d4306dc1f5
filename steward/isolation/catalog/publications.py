"""The row filters of publications: one that names tenants sends their rows, any other one every tenant's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steward.isolation.analysis import filters, three_valued
from steward.isolation.analysis.context import TenantBinding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["narrowed"]

# No filter names this one.
_UNKNOWN_TENANT = three_valued.AbstractValue("constant", "a tenant that nobody has named")


def narrowed(row_filters: Iterable[Mapping[str, Any]], column: str) -> list[str]:
    """Return what is published under a filter that lets through only tenants that it names."""
    return [row["sent"] for row in row_filters if not _is_open(row["filter"], column, row["type"])]


def _is_open(expression: str, column: str, kind: str) -> bool:
    binding = TenantBinding(column, "", (filters.column_type(kind),))
    return any(filters.admits(expression, binding, "set", row) for row in (_UNKNOWN_TENANT, three_valued.NULL))
