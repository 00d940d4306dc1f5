"""Legal holds: rows that nothing may touch, whatever a rule says. What cannot be understood is held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from steward import RefusalError
from steward.database import queries
from steward.retention.predicate import all_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from steward.database.session import Session
    from steward.retention.predicate import Bindings

__all__ = [
    "HeldTable",
    "Hold",
    "RefusalError",
    "changed",
    "clause",
    "covering",
    "read",
    "require_known",
    "require_valid",
]


@dataclass(frozen=True)
class HeldTable:
    """A table that holds may reach: ``family`` are the oids of its tree, ``columns`` map names to types."""

    oid: int
    schema: str
    name: str
    family: Collection[int]
    columns: Collection[str]

    def __str__(self) -> str:
        """Name the table for a message."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Hold:
    """A hold in force. ``covers`` are the oids of its tables with their partitions; ``None`` means all."""

    id: int
    tenant: str | None
    tenant_column: str
    table_name: str
    predicate: str | None
    owner: str
    covers: Sequence[int]

    def __str__(self) -> str:
        """Name the hold as its owner would look for it."""
        return f"legal hold {self.id} on {self.table_name} (owner {self.owner})"


def read(conn: Session, tenant_column: str) -> tuple[Hold, ...]:
    """Return the holds that are in force now, valid or not."""
    return tuple(
        Hold(tenant_column=tenant_column, **row)
        for row in queries.fetch(conn, "retention/legal_holds/covered_relations")
    )


def changed(conn: Session, holds: Sequence[Hold]) -> bool:
    """Return whether holds were placed, ended or changed since; a cheap query."""
    written = [(hold.id, hold.tenant, hold.table_name, hold.predicate, hold.owner) for hold in holds]
    return written != [tuple(row.values()) for row in queries.fetch(conn, "retention/legal_holds/current")]


def require_known(holds: Sequence[Hold]) -> None:
    """Refuse a hold whose table does not exist, since nobody knows what it means to keep.

    Raises:
        RefusalError: it names the hold.

    """
    for hold in holds:
        if not hold.covers:
            cause = "no such table, so it protects nothing"
            raise RefusalError(str(hold), cause, "correct its table_name, or end it; no rule acts meanwhile")


def covering(holds: Sequence[Hold], family: Collection[int]) -> tuple[Hold, ...]:
    """Return the holds that reach into these relations."""
    return tuple(hold for hold in holds if not set(family).isdisjoint(hold.covers))


def require_valid(conn: Session, holds: Sequence[Hold], table: HeldTable) -> None:
    """Compile the holds that reach a table.

    Raises:
        RefusalError: a hold's tenant or predicate does not fit the table.

    """
    for hold in covering(holds, table.family):
        remedy = f"correct or end it; nothing of {table} is touched meanwhile"
        if hold.tenant is not None and hold.tenant_column not in table.columns:
            raise RefusalError(str(hold), f"{table} has no column for a tenant", remedy)
        if hold.predicate is None:
            continue
        try:
            queries.execute(
                conn,
                "retention/legal_holds/compiles",
                {"hold": hold.id},
                table=sql.Identifier(table.schema, table.name),
                row=sql.Identifier(table.name),
                predicate=_verbatim(hold),
            )
        except (psycopg.ProgrammingError, psycopg.DataError, psycopg.NotSupportedError) as error:
            cause = f"its predicate is not valid on {table} ({queries.server_message(error)})"
            raise RefusalError(str(hold), cause, remedy) from error


def _verbatim(hold: Hold) -> sql.SQL:
    """Return a hold's own text: the only SQL that comes from a table; the server has compiled it.

    It may name a person, and is nothing for a record; pasted from there, the stand-in holds every row.
    """
    text = (hold.predicate or "").replace("%", "%%")
    return queries.RedactedSQL(text, f"true /* the predicate of steward.legal_hold {hold.id} */")


def clause(holds: Sequence[Hold], table: HeldTable, values: Bindings) -> list[sql.Composable]:
    """Return the clauses, one a hold that reaches the table, that a row known by the table's name is held."""
    return [_held(hold, table, values) for hold in covering(holds, table.family)]


def _held(hold: Hold, table: HeldTable, values: Bindings) -> sql.Composable:
    parts: list[sql.Composable] = []
    if table.oid not in hold.covers:
        within = values.bind(sorted(set(table.family).intersection(hold.covers)))
        parts.append(
            queries.compose("retention/clauses/in_relations", row=sql.Identifier(table.name), relations=within)
        )
    if hold.tenant is not None:
        column, tenant = sql.Identifier(table.name, hold.tenant_column), values.bind(hold.tenant)
        parts.append(queries.compose("retention/clauses/any_of", column=column, values=tenant))
    if hold.predicate is not None:
        parts.append(queries.compose("retention/clauses/held", predicate=_verbatim(hold)))
    return queries.compose("retention/clauses/held", predicate=all_of(parts))
