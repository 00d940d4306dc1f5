"""Policies as PostgreSQL combines them: the rows that a role passes with each command, in each state of the setting."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Literal

from steward.isolation.analysis import filters, function_bodies, three_valued
from steward.isolation.analysis.context import TenantBinding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from steward.isolation.analysis.function_bodies import FunctionBody
    from steward.isolation.analysis.three_valued import AbstractValue

__all__ = ["Policy", "PolicyCatalog", "PolicyFunction", "PolicyLeak", "Side", "open_policies"]

Side = Literal["using", "check"]

# The expressions of a policy that hold for a command.
_SIDES: Mapping[str, tuple[Side, ...]] = {
    "select": ("using",),
    "insert": ("check",),
    "update": ("using", "check"),
    "delete": ("using",),
}
_COMMANDS = {"r": ("select",), "a": ("insert",), "w": ("update",), "d": ("delete",), "*": tuple(_SIDES)}


@dataclass(frozen=True)
class Policy:
    """A policy of a tenant table: a row of ``sql/isolation/policies.sql``."""

    ident: str
    table_ident: str
    permissive: bool
    command: str
    actors: Mapping[str, str]
    idents: Mapping[str, str]
    locked: bool
    using: str | None
    check: str | None
    nullable: bool
    type: str
    strict: bool
    conditions: list[list[str]] | None
    remedy: str

    @cached_property
    def foreign_rows(self) -> tuple[AbstractValue, ...]:
        """The tenants whose rows the table may hold beside the session's: others, nobody, and the empty text."""
        empty = self.conditions is not None and not filters.refuses_empty(self.conditions)
        return (
            three_valued.OTHER,
            *((three_valued.NULL,) if self.nullable else ()),
            *((three_valued.EMPTY,) if empty else ()),
        )

    @property
    def expressions(self) -> tuple[str, ...]:
        """The expressions that the policy has: USING, WITH CHECK, or both."""
        return tuple(dict.fromkeys(text for text in (self.using, self.check) if text is not None))

    def expression(self, side: Side) -> str | None:
        """Return the expression of a side: USING stands for a WITH CHECK that is left out."""
        return self.using if side == "using" or self.check is None else self.check


@dataclass(frozen=True)
class PolicyFunction:
    """A function that a policy calls, or that names settings."""

    ident: str
    called: bool
    volatility: str
    definition: str
    remedy: str

    @property
    def body(self) -> FunctionBody | None:
        """The analysis of its source; None where it cannot be parsed."""
        return function_bodies.function_body(self.definition)


@dataclass(frozen=True)
class PolicyLeak:
    """A permissive policy that lets a row through to a role, where no restrictive policy narrows it to one tenant."""

    policy: Policy
    command: str
    side: Side
    actor: str
    state: str
    row: AbstractValue
    certainty: int


@dataclass(frozen=True)
class PolicyCatalog:
    """The policies of tenant tables with the functions around them, and the tenant column and settings of the profile.

    ``actors`` of the policies are the application's roles, and those for which the catalog was read.
    """

    policies: tuple[Policy, ...]
    functions: tuple[PolicyFunction, ...]
    column: str
    setting: str
    user_setting: str

    def binding(self, policy: Policy) -> TenantBinding:
        """Return the context of a policy's expressions, by the type of its tenant column."""
        types = (filters.column_type(policy.type),)
        return TenantBinding(self.column, self.setting, types, self._called, strict=policy.strict)

    @cached_property
    def _called(self) -> tuple[FunctionBody, ...]:
        return tuple(body for function in self.functions if function.called and (body := function.body))

    @cached_property
    def leaks(self) -> tuple[PolicyLeak, ...]:
        """The rows that pass, for each role, command and state of the setting, as the policies of a table combine."""
        return tuple(self._leaks())

    def _leaks(self) -> Iterator[PolicyLeak]:
        evaluator = _Evaluator(self)
        tables: dict[str, list[Policy]] = defaultdict(list)
        for policy in self.policies:
            tables[policy.table_ident].append(policy)
        for table in tables.values():
            for actor in sorted({name for policy in table for name in policy.actors}):
                for command, sides in _SIDES.items():
                    applying = [one for one in table if actor in one.actors and command in _COMMANDS[one.command]]
                    for side in sides:
                        yield from evaluator.leaks(applying, actor, command, side)


def open_policies(catalog: PolicyCatalog, roles: Collection[str]) -> dict[tuple[str, str, Side], str]:
    """Return the policy by which one of these roles passes every tenant's rows, by role, table and side.

    A policy that also lets the application's own roles through is left out: other checks report it.
    """
    certain = [
        leak for leak in catalog.leaks if leak.certainty == three_valued.POSSIBLE and leak.row == three_valued.OTHER
    ]
    reported = {leak.policy.ident for leak in certain if leak.actor not in roles}
    found: dict[tuple[str, str, Side], str] = {}
    for leak in certain:
        if leak.actor in roles and leak.policy.ident not in reported:
            found.setdefault((leak.actor, leak.policy.table_ident, leak.side), leak.policy.ident)
    return found


class _Evaluator:
    """Evaluates each expression once for each type, role and state."""

    def __init__(self, catalog: PolicyCatalog) -> None:
        self._catalog = catalog
        self._results: dict[tuple[str, str, str, str, AbstractValue], int] = {}

    def leaks(self, applying: list[Policy], actor: str, command: str, side: Side) -> Iterator[PolicyLeak]:
        """Yield the rows that pass: one permissive policy lets a row through, every restrictive one may refuse it."""
        rows = dict.fromkeys(row for policy in applying for row in policy.foreign_rows)
        for state, row in product(filters.STATES, rows):
            results = [(policy, self._certainty(policy, side, state, actor, row)) for policy in applying]
            narrowest = min((own for policy, own in results if not policy.permissive), default=three_valued.POSSIBLE)
            for policy, own in results:
                if policy.permissive and min(own, narrowest):
                    yield PolicyLeak(policy, command, side, actor, state, row, min(own, narrowest))

    def _certainty(self, policy: Policy, side: Side, state: str, actor: str, row: AbstractValue) -> int:
        expression = policy.expression(side)
        if expression is None:
            # A permissive policy without an expression denies; a restrictive one restricts nothing.
            return three_valued.NEVER if policy.permissive else three_valued.POSSIBLE
        key = (expression, policy.type, state, actor, row)
        if key not in self._results:
            self._results[key] = filters.admits(expression, self._catalog.binding(policy), state, row, actor)
        return self._results[key]
