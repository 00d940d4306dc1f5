"""The statements that make one partition, in the order of the one transaction that they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from steward import queries
from steward.action import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "Blueprint",
    "Period",
    "Table",
    "attach",
    "build",
    "default_move",
    "default_rows",
    "ident",
    "lock_default",
    "replica_index",
    "revoke",
    "type_name",
]

_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
_IDENTITIES = {"f": "full", "n": "nothing"}


@dataclass(frozen=True)
class Table:
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
class Blueprint:
    """How a family's partitions are made: as the parent demands, and as the present partition is."""

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

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Blueprint:
        """Take what ``maintenance/partitions_facts`` answered, also when it went through JSON."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value := facts[name], list) else value for name in cls.__dataclass_fields__
        }
        values["statistics"] = tuple((column, target) for column, target in facts["statistics"])
        return cls(**values)


@dataclass(frozen=True)
class Period:
    """A missing period of a family, and the partition that it is to get; bounds as the key's type takes them."""

    oid: int
    parent: Table
    table: Table
    key_column: str
    key_type: str
    lower: str
    upper: str
    default: Table | None
    move: bool
    blueprint: Blueprint


def build(period: Period, grantees: Sequence[str]) -> tuple[Statement, ...]:
    """Return what makes the table as it must be before anybody can reach it; ``grantees`` lose what they were given."""
    plan = period.blueprint
    steps = [_create(period), _alter(period, "maintenance/partitions_owner", owner=sql.Identifier(plan.owner))]
    if grantees:
        steps.append(revoke(period, grantees))
    switches = [("enable", plan.row_security), ("force", plan.force_row_security)]
    steps += [
        _alter(period, "maintenance/partitions_row_security", switch=sql.SQL(switch)) for switch, on in switches if on
    ]
    options = [_option(each) for each in plan.options] + [_option(each, "toast") for each in plan.toast_options]
    if options:
        steps.append(_alter(period, "maintenance/partitions_options", options=sql.SQL(", ").join(options)))
    steps += [
        _alter(
            period,
            "maintenance/partitions_statistics",
            column=sql.Identifier(column),
            target=sql.Literal(target),
        )
        for column, target in plan.statistics
    ]
    identity = _IDENTITIES.get(plan.replica_identity)
    if identity:
        steps.append(_alter(period, "maintenance/partitions_replica_identity", identity=sql.SQL(identity)))
    return tuple(steps)


def revoke(period: Period, grantees: Iterable[str]) -> Statement:
    """Return what takes the grants of default privileges away; ``""`` is PUBLIC."""
    names = [sql.Identifier(grantee) if grantee else sql.SQL("public") for grantee in grantees]
    return _alter(period, "maintenance/partitions_revoke", grantees=sql.SQL(", ").join(names))


def lock_default(period: Period) -> tuple[Statement, ...]:
    """Return the locks, in order, under which the default partition is searched, where there is one."""
    if period.default is None:
        return ()
    parent = queries.compose("maintenance/partitions_parent_lock", parent=period.parent.composed)
    default = queries.compose("maintenance/partitions_default_lock", default_partition=period.default.composed)
    return (
        Statement(parent, f"SHARE UPDATE EXCLUSIVE on {period.parent.ident}"),
        Statement(default, f"ACCESS EXCLUSIVE on {period.default.ident}"),
    )


def default_rows(period: Period, default: Table) -> sql.Composed:
    """Return the question whether rows of the period are in the default partition."""
    return queries.compose(
        "maintenance/partitions_default_rows",
        default_partition=default.composed,
        key=sql.Identifier(period.key_column),
        lower=sql.Literal(period.lower),
        upper=sql.Literal(period.upper),
    )


def default_move(period: Period, default: Table) -> Statement:
    """Return what moves them, every column that is not generated."""
    columns = sql.SQL(", ").join(map(sql.Identifier, period.blueprint.columns))
    text = queries.compose(
        "maintenance/partitions_default_move",
        default_partition=default.composed,
        partition=period.table.composed,
        columns=columns,
        key=sql.Identifier(period.key_column),
        lower=sql.Literal(period.lower),
        upper=sql.Literal(period.upper),
    )
    return Statement(text, f"ROW EXCLUSIVE on {default.ident} and {period.table.ident}")


def attach(period: Period) -> Statement:
    """Return the statement that makes the table a partition."""
    text = queries.compose(
        "maintenance/partitions_attach",
        parent=period.parent.composed,
        partition=period.table.composed,
        lower=sql.Literal(period.lower),
        upper=sql.Literal(period.upper),
    )
    related = ", SHARE ROW EXCLUSIVE on the other ends of its foreign keys" if period.blueprint.related else ""
    return Statement(text, f"SHARE UPDATE EXCLUSIVE on {period.parent.ident}{related}")


def replica_index(period: Period, index: str) -> Statement:
    """Return what makes an index the replica identity; it has its name only once it is attached."""
    using = sql.SQL("using index {}").format(sql.Identifier(index))
    return _alter(period, "maintenance/partitions_replica_identity", identity=using)


def type_name(key_type: str) -> sql.SQL:
    """Return one of the time types as SQL."""
    return sql.SQL(key_type)


def ident(schema: str, name: str) -> str:
    """Return the name as people write it, quoted only where it must be."""
    return ".".join(
        part if _PLAIN.fullmatch(part) else '"{}"'.format(part.replace('"', '""')) for part in (schema, name)
    )


def _create(period: Period) -> Statement:
    space: sql.Composable = sql.SQL("")
    if period.blueprint.tablespace:
        named = sql.Identifier(period.blueprint.tablespace)
        space = queries.compose("maintenance/partitions_tablespace", tablespace=named)
    text = queries.compose(
        "maintenance/partitions_create",
        partition=period.table.composed,
        parent=period.parent.composed,
        tablespace=space,
    )
    return Statement(text, f"ACCESS SHARE on {period.parent.ident}")


def _alter(period: Period, statement: str, **parts: sql.Composable) -> Statement:
    text = queries.compose(statement, 0, partition=period.table.composed, **parts)
    return Statement(text, f"ACCESS EXCLUSIVE on {period.table.ident}, which nobody knows yet")


def _option(text: str, *namespace: str) -> sql.Composed:
    name, _, value = text.partition("=")
    return sql.SQL("{} = {}").format(sql.Identifier(*namespace, name), sql.Literal(value))
