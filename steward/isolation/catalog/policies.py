"""Policies as they compose: what a role of the application can come at with a command, whatever the setting says."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

from psycopg.rows import class_row

from steward import Inconclusive
from steward.database import queries
from steward.isolation.analysis import filters, function_bodies, three_valued
from steward.isolation.analysis.evaluate import TenantBinding
from steward.isolation.catalog import scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from psycopg import sql

    from steward.engine.check import Check
    from steward.isolation.analysis.function_bodies import FunctionBody
    from steward.isolation.analysis.three_valued import AbstractValue

__all__ = [
    "Policy",
    "PolicyCatalog",
    "PolicyFunction",
    "PolicyLeak",
    "Side",
    "expected",
    "holes",
    "known",
    "note_denied",
    "opened",
    "parts",
]

Side = Literal["using", "check"]

# Which expressions of a policy a command asks for.
_SIDES: Mapping[str, tuple[Side, ...]] = {
    "select": ("using",),
    "insert": ("check",),
    "update": ("using", "check"),
    "delete": ("using",),
}
_COMMANDS = {"r": ("select",), "a": ("insert",), "w": ("update",), "d": ("delete",), "*": tuple(_SIDES)}


@dataclass(frozen=True)
class Policy:
    """A policy of a tenant table, as ``sql/isolation/policies.sql`` tells it."""

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
    met: list[list[str]] | None
    remedy: str

    @cached_property
    def rows(self) -> tuple[AbstractValue, ...]:
        """The tenants whose rows the table may hold beside the session's: others, nobody, and the empty text."""
        empty = self.met is not None and not filters.refuses_empty(self.met)
        return (
            three_valued.OTHER,
            *((three_valued.NULL,) if self.nullable else ()),
            *((three_valued.EMPTY,) if empty else ()),
        )

    @property
    def expressions(self) -> tuple[str, ...]:
        """Both expressions, as far as there are any."""
        return tuple(dict.fromkeys(each for each in (self.using, self.check) if each is not None))

    def of(self, side: Side) -> str | None:
        """Return the expression that a side goes by: a check that is left out is the condition of USING."""
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
        """What its source tells."""
        return function_bodies.of(self.definition)


@dataclass(frozen=True)
class PolicyCatalog:
    """What the catalog says of policies, and by which column and setting it is judged."""

    policies: tuple[Policy, ...]
    functions: tuple[PolicyFunction, ...]
    column: str
    setting: str
    user_setting: str

    def terms(self) -> Callable[[Policy], TenantBinding]:
        """Return how a policy's expressions are judged, by the type of its tenant column."""
        called = tuple(body for each in self.functions if each.called and (body := each.body))
        return lambda policy: TenantBinding(
            self.column, self.setting, (filters.column_type(policy.type),), called, strict=policy.strict
        )


@dataclass(frozen=True)
class PolicyLeak:
    """A permissive policy that lets a row through to a role, and nothing that narrows it to one tenant."""

    policy: Policy
    command: str
    side: Side
    actor: str
    state: str
    row: AbstractValue
    sure: int


def parts(check: Check) -> dict[str, sql.Composable]:
    """Return the parts of statements about policies: ``{filters}``, ``{actors}``, ``{tables}``."""
    version = check.conn.info.server_version
    within = scope.within(check)
    return {
        "tables": within["tables"],
        "filters": queries.compose("isolation/filters", version, tables=within["tables"], loose=within["loose"]),
        **check.parts("isolation/actors"),
    }


def expected(check: Check) -> dict[str, object]:
    """Return the parameters of statements about what the application's roles may do.

    Raises:
        Inconclusive: there is none that row-level security filters.

    """
    told: dict[str, object] = {**scope.expected(check), "others": []}
    if not queries.fetch(check.conn, "isolation/actors", told):
        lacking = f"row-level security filters none of the roles {', '.join(scope.roles(check.settings.profile))}"
        raise Inconclusive(f"{lacking}, or they do not exist; name the application's in isolation.roles of the profile")
    return told


def known(check: Check, others: Iterable[int] = ()) -> PolicyCatalog:
    """Return the policies of tenant tables with the functions that they call, in two statements.

    ``others`` are oids of roles for which policies are judged beside the application's.

    Raises:
        Inconclusive: no table has the tenant column, or one is locked.

    """
    told, within = {**scope.expected(check), "others": sorted(others)}, parts(check)
    names = ("tables", "filters", "actors")
    policies = _asked(check, "isolation/policies", Policy, told, {name: within[name] for name in names[1:]})
    functions = _asked(check, "isolation/functions", PolicyFunction, told, {"tables": within["tables"]})
    if locked := sorted({each.table_ident for each in policies if each.locked}):
        raise Inconclusive(f"{', '.join(locked)}: locked by another session, and policies are read under a lock")
    tenancy = check.settings.profile.tenancy
    return PolicyCatalog(tuple(policies), tuple(functions), tenancy.column, tenancy.setting, tenancy.user_setting)


def _asked(
    check: Check, name: str, kind: type[Any], told: Mapping[str, Any], within: Mapping[str, sql.Composable]
) -> list[Any]:
    """Run a statement, keep it for the record, and return its rows as values of a kind."""
    started = datetime.now(UTC)
    statement = queries.compose(name, check.conn.info.server_version, **within)
    with check.conn.cursor(row_factory=class_row(kind)) as cursor:
        rows: list[Any] = cursor.execute(statement, told).fetchall()
    check.note(f"-- sql/{name}.sql", (datetime.now(UTC) - started).total_seconds(), len(rows))
    return rows


def note_denied(check: Check) -> None:
    """Keep for the record which tables deny every row because they have no policy at all: nothing leaks there."""
    told, within = scope.expected(check), parts(check)
    rows = queries.fetch(check.conn, "isolation/silent", told, tables=within["tables"])
    names = ", ".join(row["ident"] for row in rows) or "none"
    check.note(f"-- sql/isolation/silent.sql\n-- every row is denied, for want of a policy: {names}", 0, len(rows))


def holes(told: PolicyCatalog) -> Iterator[PolicyLeak]:
    """Yield what passes for each role, command and state of the setting, as the policies of each table compose."""
    judged = _Judged(told)
    tables: dict[str, list[Policy]] = defaultdict(list)
    for policy in told.policies:
        tables[policy.table_ident].append(policy)
    for table in tables.values():
        for actor in sorted({name for policy in table for name in policy.actors}):
            for command, sides in _SIDES.items():
                applying = [each for each in table if actor in each.actors and command in _COMMANDS[each.command]]
                for side in sides:
                    yield from judged.composed(applying, actor, command, side)


def opened(check: Check, others: Mapping[int, str]) -> dict[tuple[str, str, Side], str]:
    """Return by which policy a role comes at every tenant's rows of a table, by the names of both, and on which side.

    ``others`` are names of roles by oid. What lets the application's own roles through as well is told of them.
    """
    found: dict[tuple[str, str, Side], str] = {}
    if others:
        names = set(others.values())
        every = [
            hole
            for hole in holes(known(check, others))
            if hole.sure == three_valued.POSSIBLE and hole.row == three_valued.OTHER
        ]
        told = {hole.policy.ident for hole in every if hole.actor not in names}
        for hole in every:
            if hole.actor in names and hole.policy.ident not in told:
                found.setdefault((hole.actor, hole.policy.table_ident, hole.side), hole.policy.ident)
    return found


class _Judged:
    """Judges each expression once for each type, role and state."""

    def __init__(self, told: PolicyCatalog) -> None:
        self._terms = told.terms()
        self._memory: dict[tuple[str, str, str, str, AbstractValue], int] = {}

    def composed(self, applying: list[Policy], actor: str, command: str, side: Side) -> Iterator[PolicyLeak]:
        """Yield what passes: one permissive policy lets a row through, every restrictive one may hold it back."""
        rows = dict.fromkeys(row for each in applying for row in each.rows)
        for state, row in product(filters.STATES, rows):
            sure = [(each, self._sure(each, side, state, actor, row)) for each in applying]
            narrow = min((own for each, own in sure if not each.permissive), default=three_valued.POSSIBLE)
            for policy, own in sure:
                if policy.permissive and min(own, narrow):
                    yield PolicyLeak(policy, command, side, actor, state, row, min(own, narrow))

    def _sure(self, policy: Policy, side: Side, state: str, actor: str, row: AbstractValue) -> int:
        expression = policy.of(side)
        if expression is None:
            # A permissive policy without an expression denies; a restrictive one restricts nothing.
            return 0 if policy.permissive else three_valued.POSSIBLE
        key = (expression, policy.type, state, actor, row)
        if key not in self._memory:
            self._memory[key] = filters.admits(expression, self._terms(policy), state, row, actor)
        return self._memory[key]
