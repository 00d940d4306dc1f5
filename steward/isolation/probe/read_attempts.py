"""What a role sees of each tenant in each state of the setting: by SELECT and COPY, and by calling functions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product
from typing import TYPE_CHECKING

from psycopg import sql

from steward.database import queries
from steward.isolation.probe import verdicts
from steward.isolation.probe.matrix import Attempt
from steward.isolation.probe.role_session import STATES, seen_statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from steward.isolation.probe.matrix import Verdict
    from steward.isolation.probe.role_session import Plan, RoleSession
    from steward.isolation.probe.row_markers import RowMarkers
    from steward.isolation.probe.surface import DefinerFunction, TenantRelation
    from steward.isolation.probe.tenants import ProbeTenant
    from steward.isolation.probe.verdicts import StatementResult

__all__ = ["ReadAttempts", "ReadResult"]

_CALLS = 16
_VIEWS = ("v", "m")


@dataclass(frozen=True)
class ReadResult:
    """One look: what it saw of each tenant, or the error that ended it."""

    place: str
    command: str
    state: str
    plan: Plan
    outcome: StatementResult
    found: dict[str, bool]


class ReadAttempts:
    """Everything that one role reads; judged when all is read, because a look proves something only beside others.

    ``tenants`` are those whose rows are looked for in a relation, ``held`` says which of them have rows there as far as
    that was seen without policies, and ``marks`` tells rows by what they say. What names no tenant proves nothing; of
    the commands ``elsewhere`` that is left to others to prove.
    """

    def __init__(
        self,
        tries: RoleSession,
        marks: RowMarkers,
        held: Mapping[int, set[str]],
        *,
        elsewhere: AbstractSet[str] = frozenset(),
    ) -> None:
        self.tries = tries
        self.marks = marks
        self.held = held
        self.elsewhere = elsewhere
        self.looked: list[ReadResult] = []
        self._places: dict[str, int] = {}
        self._nameless: dict[str, str] = {}
        self._poor: set[str] = set()
        self._uncalled: dict[str, str] = {}

    def relation(self, reach: TenantRelation, tenants: Sequence[ProbeTenant], state: str, plan: Plan) -> None:
        """Read a relation by SELECT, and by COPY where its plan makes no difference."""
        access = reach.access[self.tries.role]
        self._places[reach.ident] = reach.oid
        if reach.tenant is None:
            self._shown(reach, state, plan)
            return
        if not access.reads_tenant:
            return
        statement = seen_statement(reach, self.marks.column, tenants, all_rows=self.marks.invented)
        outcome = self.tries.run(statement, plan)
        found = dict(outcome.rows[0]) if outcome.rows else {}
        if self.marks.invented and reach.kind in _VIEWS and found.get(state):
            told = self._beside(reach, {tenant.label: tenant.value for tenant in tenants}[state], state, plan)
            found |= {
                label: True for label, is_seen in self.marks.told(told.rows, self.marks.shared).items() if is_seen
            }
            outcome = told
        self.looked.append(ReadResult(reach.ident, "select", state, plan, outcome, found))
        if plan == "custom":
            self._copied(reach, tenants, state, statement)

    def _copied(
        self, reach: TenantRelation, tenants: Sequence[ProbeTenant], state: str, statement: sql.Composed
    ) -> None:
        labels = [*(tenant.label for tenant in tenants), "others"]
        if reach.kind == "r" and self.marks.invented:
            # In this form the server itself turns the table into what its policies let through.
            copied = queries.compose(
                "isolation/try_copy_table", relation=reach.relation, column=sql.Identifier(self.marks.column)
            )
            outcome = self.tries.copy(copied)
            letters = {tenant.value: tenant.label for tenant in tenants}
            # A column of a fixed length is copied with its blanks.
            seen = {letters.get((row["line"][0] or "").rstrip(" "), "others") for row in outcome.rows}
        else:
            outcome = self.tries.copy(queries.compose("isolation/try_copy", statement=statement))
            lines = [row["line"] for row in outcome.rows]
            seen = {label for label, told in zip(labels, lines[0] if lines else (), strict=False) if told == "t"}
        found = {label: label in seen for label in labels}
        self.looked.append(ReadResult(reach.ident, "copy", state, "custom", outcome, found))

    def _shown(self, reach: TenantRelation, state: str, plan: Plan) -> None:
        """Read a view that has no tenant column: its rows are told by the words in them."""
        columns = self._columns(reach)
        outcome = self.tries.run(queries.compose("isolation/try_rows", columns=columns, relation=reach.relation), plan)
        found = self.marks.told(outcome.rows, ())
        self._nameless[reach.ident] = "select"
        self.looked.append(ReadResult(reach.ident, "select", state, plan, outcome, found))

    def _beside(self, reach: TenantRelation, own: str, state: str, plan: Plan) -> StatementResult:
        """Return the tenant's own rows of a view in which words of others stand."""
        name = sql.Identifier(self.marks.column)
        statement = queries.compose(
            "isolation/try_words",
            columns=self._columns(reach),
            relation=reach.relation,
            condition=queries.compose("isolation/try_of", column=name, tenant=sql.Literal(own)),
            words=sql.SQL(", ").join(map(sql.Literal, self.marks.others(state))),
        )
        return self.tries.run(statement, plan)

    def _columns(self, reach: TenantRelation) -> sql.Composed:
        return sql.SQL(", ").join(map(sql.Identifier, reach.access[self.tries.role].columns))

    def function(self, function: DefinerFunction, tenants: Sequence[ProbeTenant], state: str, plan: Plan) -> None:
        """Call a function with every tenant's arguments, as far as they can be told."""
        self._nameless[function.ident] = "call"
        if not function.tells:
            self._poor.add(function.ident)
        told = [self._arguments(function, tenant) for tenant in tenants]
        ways = [list(islice(product(*each), _CALLS)) for each in told]
        name = sql.Identifier(function.schema, function.name)
        found: dict[str, bool] = {tenant.label: False for tenant in tenants}
        last = verdicts.StatementResult()
        if not any(ways):
            lacking = [kind for kind, *values in zip(function.types, *told, strict=True) if not any(values)]
            self._uncalled[function.ident] = ", ".join(dict.fromkeys(lacking))
            return
        for values in dict.fromkeys(each for way in ways for each in way):
            given = sql.SQL(", ").join(
                queries.compose("isolation/try_value", value=sql.Literal(told), type=sql.SQL(kind))
                for told, kind in zip(values, function.types, strict=True)
            )
            last = self.tries.run(queries.compose("isolation/try_call", function=name, arguments=given), plan)
            for label, is_seen in self.marks.told(last.rows, values).items():
                found[label] = found.get(label, False) or is_seen
            if last.unfinished:
                break
        self.looked.append(ReadResult(function.ident, "call", state, plan, last, found))

    def _arguments(self, function: DefinerFunction, tenant: ProbeTenant) -> list[tuple[str, ...]]:
        uuids = self.marks.uuids(tenant.label)
        known = {"S": (tenant.value,)}
        return [
            uuids if kind == "uuid" else known.get(category, ())
            for category, kind in zip(function.categories, function.types, strict=True)
        ]

    def judged(self, role: str) -> Iterable[Attempt]:
        """Return what all looks prove, each beside those of the tenants themselves."""
        own = {
            (look.place, look.command, look.state)
            for look in self.looked
            if look.plan == "custom" and look.state not in STATES and look.found.get(look.state)
        }
        left = self._poor | self.nameless
        for look in self.looked:
            verdict, reason = self._verdict(look, own)
            if verdict != "inconclusive" or look.outcome.unfinished or look.place not in left:
                yield Attempt(look.place, look.command, look.state, look.plan, role, verdict, reason)
        for place, lacking in self._uncalled.items():
            if place not in left:
                reason = f"it was not called: nobody can tell what to give it of type {lacking}"
                yield Attempt(place, "call", "all", "all", role, "inconclusive", reason)

    @property
    def nameless(self) -> set[str]:
        """What is left to others to prove, because it has named no tenant in any state."""
        named = {look.place for look in self.looked if any(look.found.values())}
        wanted = {place for place, command in self._nameless.items() if command in self.elsewhere}
        return wanted - named - self._poor

    def _verdict(self, look: ReadResult, own: set[tuple[str, str, str]]) -> tuple[Verdict, str]:
        known = look.state not in STATES
        control = self._control(look, own)
        others = any(is_seen for label, is_seen in look.found.items() if label != look.state)
        whole = look.found.get(look.state) and not look.outcome.unfinished
        if look.outcome.error is not None and not others and not whole:
            return verdicts.refused(look.outcome, known=known, control=not control)
        return verdicts.seen(look.state, look.found, control=control)

    def _control(self, look: ReadResult, own: set[tuple[str, str, str]]) -> str:
        """Say why zero rows of others would prove nothing in this look; empty where they prove it."""
        seen = {state for place, command, state in own if (place, command) == (look.place, look.command)}
        there = seen | self.held.get(self._places.get(look.place, 0), set())
        if look.state in STATES:
            return "" if seen else "no tenant sees rows of its own"
        if not look.found.get(look.state):
            return "the tenant does not see rows of its own"
        return "" if there - {look.state} else "no other tenant is known to have rows"
