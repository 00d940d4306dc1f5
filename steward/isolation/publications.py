"""What publications send: a row filter that names tenants sends their rows, any other one everybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steward.isolation import logic, reach, syntax
from steward.isolation.moment import Terms

if TYPE_CHECKING:
    from steward.check import Check

__all__ = ["expected"]

# No filter names this one.
_NOBODY = logic.Atom("constant", "a tenant that nobody has named")


def expected(check: Check) -> dict[str, object]:
    """Return the parameters of the query; ``named``: where a filter lets through the tenants that it names only."""
    known = reach.known(check)
    rows = reach.asked(check, "isolation/row_filters", known.told, **known.within)
    column = check.settings.profile.tenancy.column
    return {**known.told, "named": [row["sent"] for row in rows if not _open(row["filter"], column, row["type"])]}


def _open(expression: str, column: str, kind: str) -> bool:
    terms = Terms(column, "", (syntax.column_type(kind),))
    return any(syntax.admits(expression, terms, "set", row) for row in (_NOBODY, logic.NULL))
