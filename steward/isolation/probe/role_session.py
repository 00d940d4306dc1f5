"""The session of an application role: one statement at a time, in a state of the setting, rolled back at once."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from steward.database import queries
from steward.isolation.probe.row_templates import USER
from steward.isolation.probe.verdicts import StatementResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from steward.database.session import Session
    from steward.isolation.probe.surface import TenantRelation
    from steward.isolation.probe.tenants import ProbeTenant
    from steward.profile import Profile

__all__ = ["STATES", "Plan", "RoleSession", "seen_statement"]

Plan = Literal["custom", "generic"]

# States without a tenant: never set, empty, malformed, and a tenant that has no rows.
STATES = ("fresh", "empty", "malformed", "unknown")
# Without parameters psycopg would not turn %% into %; COPY takes no parameters of its own.
_NONE: Mapping[str, object] = {"": ""}
_GENERIC = {"plan_cache_mode": "force_generic_plan"}
_MOST = 100_000


class RoleSession:
    """The session of one role: tries statements, each inside a savepoint, and sets the tenant."""

    def __init__(self, conn: Session, profile: Profile, role: str) -> None:
        self.conn = conn
        self.role = role
        self.version = conn.info.server_version
        self._tenancy = profile.tenancy
        self._prepared: dict[str, sql.Identifier] = {}
        # A savepoint's rollback would make psycopg forget the statements that are prepared here.
        conn.prepare_threshold = None

    @contextmanager
    def state(self, tenant: str | None, plan: Plan = "custom") -> Iterator[None]:
        """Set the tenant for a while; None: the setting is left as it is."""
        with self.conn.transaction(force_rollback=True):
            settings = dict(_GENERIC) if plan == "generic" else {}
            if tenant is not None and self._tenancy.setting:
                settings[self._tenancy.setting] = tenant
            if self._tenancy.user_setting:
                settings[self._tenancy.user_setting] = USER
            queries.execute(self.conn, "session/settings/set_for_transaction", {"settings": Jsonb(settings)})
            yield

    def run(self, statement: sql.Composed, plan: Plan = "custom") -> StatementResult:
        """Try a statement; a generic plan is the one that was made when the statement was first tried."""
        if plan == "generic":
            text = statement.as_string(None)
            if text not in self._prepared:
                refusal = self._prepare(text, statement)
                if refusal is not None:
                    return refusal
            statement = queries.compose("isolation/probe/visibility/execute", kept=self._prepared[text])
        return self._attempt(statement)

    def copy(self, statement: sql.Composed) -> StatementResult:
        """Try a COPY TO; each line is a row with one column, ``line``."""
        lines: list[dict[str, Any]] = []
        try:
            with (
                self.conn.transaction(force_rollback=True),
                self.conn.cursor() as cursor,
                cursor.copy(statement, _NONE) as copy,
            ):
                lines += ({"line": line} for line in islice(copy.rows(), _MOST))
        except psycopg.Error as error:
            if not lines or len(lines) < _MOST:
                return self._refused(error)
        return StatementResult(tuple(lines), len(lines))

    def forget(self) -> None:
        """Deallocate the prepared statements, so that the next ones are planned anew."""
        self._prepared.clear()
        queries.execute(self.conn, "isolation/probe/visibility/deallocate")

    def _prepare(self, text: str, statement: sql.Composed) -> StatementResult | None:
        name = sql.Identifier(f"steward_{len(self._prepared) + 1}")
        try:
            # The statement stays prepared, and its locks end with the savepoint.
            with self.conn.transaction(force_rollback=True):
                queries.execute(self.conn, "isolation/probe/visibility/prepare", kept=name, statement=statement)
        except psycopg.Error as error:
            return self._refused(error)
        self._prepared[text] = name
        return None

    def _attempt(self, statement: sql.Composed) -> StatementResult:
        try:
            with self.conn.transaction(force_rollback=True):
                cursor = self.conn.execute(statement, {})
                rows = tuple(cursor.fetchall()) if cursor.description else ()
                return StatementResult(rows, max(cursor.rowcount, 0))
        except psycopg.Error as error:
            return self._refused(error)

    def _refused(self, error: psycopg.Error) -> StatementResult:
        if self.conn.closed or self.conn.broken:
            raise error
        return StatementResult(error=error, message=queries.server_message(error))


def seen_statement(
    relation: TenantRelation, column: str, tenants: Sequence[ProbeTenant], *, all_rows: bool
) -> sql.Composed:
    """Compose the read of a relation: a column for each tenant's letter, and "others" for rows of none of them."""
    name = sql.Identifier(column)
    conditions = [
        (
            tenant.label,
            queries.compose("isolation/probe/visibility/of_tenant", column=name, tenant=sql.Literal(tenant.value)),
        )
        for tenant in tenants
    ]
    others = queries.compose("isolation/probe/visibility/of_no_tenant", column=name)
    if all_rows:
        known = sql.SQL(", ").join(sql.Literal(tenant.value) for tenant in tenants)
        others = queries.compose("isolation/probe/visibility/of_unknown_tenant", column=name, tenants=known)
    parts = [
        queries.compose(
            "isolation/probe/visibility/any_row",
            relation=relation.identifier,
            condition=condition,
            label=sql.Identifier(label),
        )
        for label, condition in (*conditions, ("others", others))
    ]
    return queries.compose("isolation/probe/visibility/select", seen=sql.SQL(", ").join(parts))
