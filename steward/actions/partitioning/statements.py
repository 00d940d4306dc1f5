"""The statements that make one partition, in the order in which one transaction runs them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from steward.database import queries
from steward.engine.executor import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "Branch",
    "MissingPeriod",
    "PartitionTemplate",
    "TableRef",
    "attach",
    "bound",
    "build",
    "default_move",
    "default_rows",
    "ident",
    "lock_default",
    "replica_index",
    "revoke",
    "type_name",
    "verbatim",
]

_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
_IDENTITIES = {"f": "full", "n": "nothing"}


@dataclass(frozen=True)
class TableRef:
    """A table by oid (0 while it does not exist) and by name."""

    oid: int
    schema: str
    name: str
    ident: str

    @property
    def composed(self) -> sql.Identifier:
        """The name for a statement."""
        return sql.Identifier(self.schema, self.name)


@dataclass(frozen=True)
class PartitionTemplate:
    """How a family's partitions are made: as the parent demands, and as the present partition is.

    ``partition_by`` is the key of the level below, ``bound`` the present one's own, both as the server writes them.
    """

    owner: str
    row_security: bool
    force_row_security: bool
    indexes: int
    columns: tuple[str, ...]
    options: tuple[str, ...]
    toast_options: tuple[str, ...]
    tablespace: str | None
    statistics: tuple[tuple[str, int], ...]
    replica_identity: str
    replica_index: int | None
    related: tuple[int, ...]
    grantees: tuple[str, ...]
    unlogged: bool
    foreign: bool
    partition_by: str | None
    bound: str

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> PartitionTemplate:
        """Take what ``maintenance/partitions_facts`` answered, also when it went through JSON."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value := facts[name], list) else value for name in cls.__dataclass_fields__
        }
        values["statistics"] = tuple((column, target) for column, target in facts["statistics"])
        return cls(**values)


@dataclass(frozen=True)
class Branch:
    """A partition below the period's own, made before anybody can reach it."""

    table: TableRef
    parent: TableRef
    bound: sql.Composable
    blueprint: PartitionTemplate


@dataclass(frozen=True)
class MissingPeriod:
    """A missing period of a family, and the partition that it is to get; bounds as the key's type takes them."""

    oid: int
    parent: TableRef
    table: TableRef
    key_column: str
    key_type: str
    lower: str
    upper: str
    default: TableRef | None
    move: bool
    blueprint: PartitionTemplate
    branches: tuple[Branch, ...] = ()
    # Why it cannot be made; the item says so, and the others go on.
    refused: str = ""

    @property
    def tables(self) -> tuple[TableRef, ...]:
        """Everything that is created."""
        return (self.table, *(branch.table for branch in self.branches))


def build(period: MissingPeriod, grantees: Sequence[str]) -> tuple[Statement, ...]:
    """Return what makes the tables as they must be before anybody can reach them.

    ``grantees`` lose what default privileges gave them.
    """
    steps = [_create(period), *_finish(period.table, period.blueprint, grantees)]
    for branch in period.branches:
        steps += [_branch(branch), *_finish(branch.table, branch.blueprint, grantees)]
    return tuple(steps)


def _finish(table: TableRef, plan: PartitionTemplate, grantees: Sequence[str]) -> list[Statement]:
    steps = [_alter(table, "maintenance/partition_statements/owner", owner=sql.Identifier(plan.owner))]
    if grantees:
        steps.append(revoke(table, grantees))
    switches = [("enable", plan.row_security), ("force", plan.force_row_security)]
    steps += [
        _alter(table, "maintenance/partition_statements/row_security", switch=sql.SQL(switch))
        for switch, on in switches
        if on
    ]
    options = [_option(option) for option in plan.options] + [_option(option, "toast") for option in plan.toast_options]
    if options:
        steps.append(_alter(table, "maintenance/partition_statements/options", options=sql.SQL(", ").join(options)))
    steps += [
        _alter(
            table,
            "maintenance/partition_statements/statistics",
            column=sql.Identifier(column),
            target=sql.Literal(target),
        )
        for column, target in plan.statistics
    ]
    identity = _IDENTITIES.get(plan.replica_identity)
    if identity:
        steps.append(_alter(table, "maintenance/partition_statements/replica_identity", identity=sql.SQL(identity)))
    return steps


def revoke(table: TableRef, grantees: Iterable[str]) -> Statement:
    """Return what takes the grants of default privileges away; ``""`` is PUBLIC."""
    names = [sql.Identifier(grantee) if grantee else sql.SQL("public") for grantee in grantees]
    return _alter(table, "maintenance/partition_statements/revoke", grantees=sql.SQL(", ").join(names))


def lock_default(period: MissingPeriod) -> tuple[Statement, ...]:
    """Return the locks, in order, under which the default partition is searched, where there is one."""
    if period.default is None:
        return ()
    parent = queries.compose("maintenance/partition_statements/lock_parent", parent=period.parent.composed)
    default = queries.compose(
        "maintenance/partition_statements/lock_default", default_partition=period.default.composed
    )
    return (
        Statement(parent, f"SHARE UPDATE EXCLUSIVE on {period.parent.ident}"),
        Statement(default, f"ACCESS EXCLUSIVE on {period.default.ident}"),
    )


def default_rows(period: MissingPeriod, default: TableRef) -> sql.Composed:
    """Return the question whether rows of the period are in the default partition."""
    return queries.compose(
        "maintenance/partition_statements/default_rows",
        default_partition=default.composed,
        key=sql.Identifier(period.key_column),
        lower=sql.Literal(period.lower),
        upper=sql.Literal(period.upper),
    )


def default_move(period: MissingPeriod, default: TableRef) -> Statement:
    """Return what moves them, every column that is not generated."""
    columns = sql.SQL(", ").join(map(sql.Identifier, period.blueprint.columns))
    text = queries.compose(
        "maintenance/partition_statements/move_default_rows",
        default_partition=default.composed,
        partition=period.table.composed,
        columns=columns,
        key=sql.Identifier(period.key_column),
        lower=sql.Literal(period.lower),
        upper=sql.Literal(period.upper),
    )
    return Statement(text, f"ROW EXCLUSIVE on {default.ident} and {period.table.ident}")


def attach(period: MissingPeriod) -> Statement:
    """Return the statement that makes the table a partition."""
    text = queries.compose(
        "maintenance/partition_statements/attach",
        parent=period.parent.composed,
        partition=period.table.composed,
        lower=sql.Literal(period.lower),
        upper=sql.Literal(period.upper),
    )
    related = ", SHARE ROW EXCLUSIVE on the other ends of its foreign keys" if period.blueprint.related else ""
    return Statement(text, f"SHARE UPDATE EXCLUSIVE on {period.parent.ident}{related}")


def replica_index(period: MissingPeriod, index: str) -> Statement:
    """Return what makes an index the replica identity; it has its name only once it is attached."""
    using = sql.SQL("using index {}").format(sql.Identifier(index))
    return _alter(period.table, "maintenance/partition_statements/replica_identity", identity=using)


def type_name(key_type: str) -> sql.SQL:
    """Return one of the time types as SQL."""
    return sql.SQL(key_type)


def ident(schema: str, name: str) -> str:
    """Return the name as people write it, quoted only where it must be."""
    return ".".join(
        part if _PLAIN.fullmatch(part) else '"{}"'.format(part.replace('"', '""')) for part in (schema, name)
    )


def bound(lower: str, upper: str) -> sql.Composed:
    """Return the bound of a range."""
    return queries.compose("maintenance/partition_statements/bound", lower=sql.Literal(lower), upper=sql.Literal(upper))


def verbatim(text: str) -> sql.SQL:
    """Return a bound or a key as the server itself has written it out of its catalog."""
    return sql.SQL(text.replace("%", "%%"))


def _create(period: MissingPeriod) -> Statement:
    text = queries.compose(
        "maintenance/partition_statements/create",
        partition=period.table.composed,
        parent=period.parent.composed,
        **_nature(period.blueprint),
    )
    return Statement(text, f"ACCESS SHARE on {period.parent.ident}")


def _branch(branch: Branch) -> Statement:
    text = queries.compose(
        "maintenance/partition_statements/create_branch",
        partition=branch.table.composed,
        parent=branch.parent.composed,
        bound=branch.bound,
        **_nature(branch.blueprint),
    )
    return Statement(text, f"ACCESS EXCLUSIVE on {branch.parent.ident}, which nobody knows yet")


def _nature(plan: PartitionTemplate) -> dict[str, Any]:
    """Return what CREATE TABLE says beside names: persistence, the key of the level below, tablespace."""
    nothing: sql.Composable = sql.SQL("")
    key, space = nothing, nothing
    if plan.partition_by:
        key = queries.compose("maintenance/partition_statements/key", key=verbatim(plan.partition_by))
    if plan.tablespace:
        space = queries.compose(
            "maintenance/partition_statements/tablespace", tablespace=sql.Identifier(plan.tablespace)
        )
    return {"persistence": sql.SQL("unlogged ") if plan.unlogged else nothing, "key": key, "tablespace": space}


def _alter(table: TableRef, statement: str, **parts: sql.Composable) -> Statement:
    text = queries.compose(statement, 0, partition=table.composed, **parts)
    return Statement(text, f"ACCESS EXCLUSIVE on {table.ident}, which nobody knows yet")


def _option(text: str, *namespace: str) -> sql.Composed:
    name, _, value = text.partition("=")
    return sql.SQL("{} = {}").format(sql.Identifier(*namespace, name), sql.Literal(value))
