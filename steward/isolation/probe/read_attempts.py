"""The reads of a role in each state of the setting: SELECT, COPY and calls of functions."""

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
    """One read: the tenants whose rows it saw, or the error that ended it."""

    place: str
    command: str
    state: str
    plan: Plan
    outcome: StatementResult
    found: dict[str, bool]


class ReadAttempts:
    """All reads of one role, judged together: a read proves something only beside the reads of other tenants.

    ``present`` are the tenants that have rows in a relation, read without policies; ``markers`` find the tenant of rows
    without a tenant column. What names no tenant proves nothing, and is left to another probe for the commands
    ``elsewhere``.
    """

    def __init__(
        self,
        role_session: RoleSession,
        markers: RowMarkers,
        present: Mapping[int, set[str]],
        *,
        elsewhere: AbstractSet[str] = frozenset(),
    ) -> None:
        self.role_session = role_session
        self.markers = markers
        self.present = present
        self.elsewhere = elsewhere
        self.results: list[ReadResult] = []
        self._places: dict[str, int] = {}
        self._nameless: dict[str, str] = {}
        self._poor: set[str] = set()
        self._uncalled: dict[str, str] = {}

    def read_relation(self, relation: TenantRelation, tenants: Sequence[ProbeTenant], state: str, plan: Plan) -> None:
        """Read a relation by SELECT, and by COPY where its plan makes no difference."""
        access = relation.access[self.role_session.role]
        self._places[relation.ident] = relation.oid
        if relation.tenant is None:
            self._shown(relation, state, plan)
            return
        if not access.reads_tenant:
            return
        statement = seen_statement(relation, self.markers.column, tenants, all_rows=self.markers.invented)
        outcome = self.role_session.run(statement, plan)
        found = dict(outcome.rows[0]) if outcome.rows else {}
        if self.markers.invented and relation.kind in _VIEWS and found.get(state):
            beside = self._beside(relation, {tenant.label: tenant.value for tenant in tenants}[state], state, plan)
            found |= {
                label: True
                for label, is_seen in self.markers.tenants_in(beside.rows, self.markers.shared).items()
                if is_seen
            }
            outcome = beside
        self.results.append(ReadResult(relation.ident, "select", state, plan, outcome, found))
        if plan == "custom":
            self._copied(relation, tenants, state, statement)

    def _copied(
        self, relation: TenantRelation, tenants: Sequence[ProbeTenant], state: str, statement: sql.Composed
    ) -> None:
        labels = [*(tenant.label for tenant in tenants), "others"]
        if relation.kind == "r" and self.markers.invented:
            # In this form the server itself reduces the table to the rows that its policies let through.
            copied = queries.compose(
                "isolation/probe/read_attempts/copy_table",
                relation=relation.identifier,
                column=sql.Identifier(self.markers.column),
            )
            outcome = self.role_session.copy(copied)
            letters = {tenant.value: tenant.label for tenant in tenants}
            # A char(n) column is copied with its blanks.
            seen = {letters.get((row["line"][0] or "").rstrip(" "), "others") for row in outcome.rows}
        else:
            outcome = self.role_session.copy(
                queries.compose("isolation/probe/read_attempts/copy_query", statement=statement)
            )
            lines = [row["line"] for row in outcome.rows]
            seen = {label for label, flag in zip(labels, lines[0] if lines else (), strict=False) if flag == "t"}
        found = {label: label in seen for label in labels}
        self.results.append(ReadResult(relation.ident, "copy", state, "custom", outcome, found))

    def _shown(self, relation: TenantRelation, state: str, plan: Plan) -> None:
        """Read a view that has no tenant column: the words in its rows show the tenant."""
        columns = self._columns(relation)
        outcome = self.role_session.run(
            queries.compose("isolation/probe/read_attempts/rows", columns=columns, relation=relation.identifier), plan
        )
        found = self.markers.tenants_in(outcome.rows, ())
        self._nameless[relation.ident] = "select"
        self.results.append(ReadResult(relation.ident, "select", state, plan, outcome, found))

    def _beside(self, relation: TenantRelation, own: str, state: str, plan: Plan) -> StatementResult:
        """Return the tenant's own rows of a view that contain words of other tenants."""
        name = sql.Identifier(self.markers.column)
        statement = queries.compose(
            "isolation/probe/read_attempts/rows_with_words",
            columns=self._columns(relation),
            relation=relation.identifier,
            condition=queries.compose("isolation/probe/visibility/of_tenant", column=name, tenant=sql.Literal(own)),
            words=sql.SQL(", ").join(map(sql.Literal, self.markers.others(state))),
        )
        return self.role_session.run(statement, plan)

    def _columns(self, relation: TenantRelation) -> sql.Composed:
        return sql.SQL(", ").join(map(sql.Identifier, relation.access[self.role_session.role].columns))

    def call_function(self, function: DefinerFunction, tenants: Sequence[ProbeTenant], state: str, plan: Plan) -> None:
        """Call a function with every tenant's arguments, as far as they are known."""
        self._nameless[function.ident] = "call"
        if not function.tells:
            self._poor.add(function.ident)
        arguments = [self._arguments(function, tenant) for tenant in tenants]
        combinations = [list(islice(product(*values), _CALLS)) for values in arguments]
        name = sql.Identifier(function.schema, function.name)
        found: dict[str, bool] = {tenant.label: False for tenant in tenants}
        last = verdicts.StatementResult()
        if not any(combinations):
            missing_types = [kind for kind, *values in zip(function.types, *arguments, strict=True) if not any(values)]
            self._uncalled[function.ident] = ", ".join(dict.fromkeys(missing_types))
            return
        for values in dict.fromkeys(combination for of_tenant in combinations for combination in of_tenant):
            given = sql.SQL(", ").join(
                queries.compose(
                    "isolation/probe/read_attempts/argument", value=sql.Literal(argument), type=sql.SQL(kind)
                )
                for argument, kind in zip(values, function.types, strict=True)
            )
            last = self.role_session.run(
                queries.compose("isolation/probe/read_attempts/call", function=name, arguments=given), plan
            )
            for label, is_seen in self.markers.tenants_in(last.rows, values).items():
                found[label] = found.get(label, False) or is_seen
            if last.unfinished:
                break
        self.results.append(ReadResult(function.ident, "call", state, plan, last, found))

    def _arguments(self, function: DefinerFunction, tenant: ProbeTenant) -> list[tuple[str, ...]]:
        uuids = self.markers.uuids(tenant.label)
        known = {"S": (tenant.value,)}
        return [
            uuids if kind == "uuid" else known.get(category, ())
            for category, kind in zip(function.categories, function.types, strict=True)
        ]

    def attempts(self, role: str) -> Iterable[Attempt]:
        """Return what all reads prove, each beside those of the tenants themselves."""
        own = {
            (result.place, result.command, result.state)
            for result in self.results
            if result.plan == "custom" and result.state not in STATES and result.found.get(result.state)
        }
        left = self._poor | self.nameless
        for result in self.results:
            verdict, reason = self._verdict(result, own)
            if verdict != "inconclusive" or result.outcome.unfinished or result.place not in left:
                yield Attempt(result.place, result.command, result.state, result.plan, role, verdict, reason)
        for place, missing_types in self._uncalled.items():
            if place not in left:
                reason = f"it was not called: no argument of type {missing_types} is known for it"
                yield Attempt(place, "call", "all", "all", role, "inconclusive", reason)

    @property
    def nameless(self) -> set[str]:
        """The relations and functions that named no tenant in any state, which another probe must prove."""
        named = {result.place for result in self.results if any(result.found.values())}
        wanted = {place for place, command in self._nameless.items() if command in self.elsewhere}
        return wanted - named - self._poor

    def _verdict(self, result: ReadResult, own: set[tuple[str, str, str]]) -> tuple[Verdict, str]:
        known = result.state not in STATES
        control = self._control(result, own)
        others = any(is_seen for label, is_seen in result.found.items() if label != result.state)
        whole = result.found.get(result.state) and not result.outcome.unfinished
        if result.outcome.error is not None and not others and not whole:
            return verdicts.judge_refusal(result.outcome, known=known, control=not control)
        return verdicts.judge_read(result.state, result.found, control=control)

    def _control(self, result: ReadResult, own: set[tuple[str, str, str]]) -> str:
        """Return why zero rows of others would prove nothing in this read; empty where they prove isolation."""
        seen = {state for place, command, state in own if (place, command) == (result.place, result.command)}
        there = seen | self.present.get(self._places.get(result.place, 0), set())
        if result.state in STATES:
            return "" if seen else "no tenant sees rows of its own"
        if not result.found.get(result.state):
            return "the tenant does not see rows of its own"
        return "" if there - {result.state} else "no other tenant is known to have rows"
