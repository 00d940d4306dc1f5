"""Templates of rows: the columns and constraints of a table, and values that may satisfy them."""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pglast
from psycopg import sql

from steward.database import queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from steward.database.session import Session
    from steward.isolation.probe.surface import AttackSurface

__all__ = [
    "USER",
    "ColumnConstraint",
    "ColumnTemplate",
    "RowTemplate",
    "candidate_values",
    "read_templates",
    "view_template",
]

# The value of free text and of the setting for the user, so that policies that compare them let the row through.
USER = "steward-probe"

_DATES = "now"
_BY_CATEGORY = {
    "A": ("{}",),
    "B": ("false", "true"),
    "D": (_DATES,),
    "G": ("(0,0)",),
    "I": ("127.0.0.1",),
    "N": ("1", "0"),
    "R": ("empty",),
    "S": (USER,),
    "T": ("1 day",),
    "V": ("0",),
}
_LITERALS = (("sval", "sval", ""), ("ival", "ival", 0), ("fval", "fval", "0"))
_BY_TYPE = {"json": ("{}", "[]"), "jsonb": ("{}", "[]"), "bytea": ("\\x00",), "xml": ("<a/>",)}


@dataclass(frozen=True)
class ColumnTemplate:
    """One column: ``required`` is not null and without a default; ``fixed`` is written by the server only."""

    name: str
    type: str
    category: str
    longest: int | None
    required: bool
    fixed: bool
    labels: tuple[str, ...]
    inserters: frozenset[str]
    updaters: frozenset[str]


@dataclass(frozen=True)
class ColumnConstraint:
    """A constraint on columns: a foreign key with its parent, or a check or bound with the constants that it names."""

    name: str
    columns: tuple[str, ...]
    parent: int = 0
    parent_columns: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()


@dataclass
class RowTemplate:
    """The columns and constraints of one table that is written."""

    oid: int
    ident: str
    identifier: sql.Identifier
    columns: dict[str, ColumnTemplate] = field(default_factory=dict)
    foreign: list[ColumnConstraint] = field(default_factory=list)
    checks: list[ColumnConstraint] = field(default_factory=list)
    bounds: list[ColumnConstraint] = field(default_factory=list)
    keys: list[ColumnConstraint] = field(default_factory=list)
    loose: list[ColumnConstraint] = field(default_factory=list)

    def keyed(self, column: str) -> bool:
        """Return whether a column is part of a unique key, over all tenants or within one."""
        return any(column in key.columns for key in (*self.keys, *self.loose))

    def changed(self, role: str, tenant: str) -> str | None:
        """Return a column that the role may update, if possible one without any constraint but checks."""
        kinds = ([ColumnConstraint("", (tenant,))], [*self.foreign, *self.bounds], self.keys, self.loose)
        busy = [{name for rule in rules for name in rule.columns} for rules in kinds]
        free = [column.name for column in self.columns.values() if role in column.updaters and not column.fixed]
        return min(free, key=lambda name: ([name in names for names in busy], free.index(name)), default=None)

    def constants(self, column: str) -> tuple[str, ...]:
        """Return the constants in the constraints on a column: one of them may satisfy them."""
        rules = [rule for rule in (*self.checks, *self.bounds) if column in rule.columns]
        return tuple(dict.fromkeys(constant for rule in rules for constant in rule.constants))


def read_templates(conn: Session, surface: AttackSurface, wanted: Iterable[int]) -> dict[int, RowTemplate]:
    """Return the templates of tables, those that they refer to included."""
    params = {**surface.params, "wanted": list(wanted)}
    needed = queries.compose("isolation/probe/required_tables")
    found: dict[int, RowTemplate] = {}
    for row in queries.fetch(conn, "isolation/probe/columns", params, needed=needed):
        template = found.setdefault(
            row["oid"], RowTemplate(row["oid"], row["ident"], sql.Identifier(row["schema"], row["table_name"]))
        )
        template.columns[row["name"]] = ColumnTemplate(
            **{name: row[name] for name in ("name", "type", "category", "longest", "required", "fixed")},
            labels=tuple(row["labels"]),
            inserters=frozenset(row["inserters"]),
            updaters=frozenset(row["updaters"]),
        )
    for row in queries.fetch(conn, "isolation/probe/constraints", params, needed=needed):
        _add(found[row["oid"]], row)
    return found


def view_template(view: RowTemplate, table: RowTemplate) -> RowTemplate:
    """Return the template of a view through which rows of a table are written, with the columns that both have."""
    columns = {
        name: replace(table.columns[name], inserters=column.inserters, updaters=column.updaters)
        for name, column in view.columns.items()
        if name in table.columns and table.columns[name].type == column.type
    }
    template = RowTemplate(view.oid, view.ident, view.identifier, columns)
    for kind in ("foreign", "checks", "bounds", "keys", "loose"):
        rules = (rule for rule in getattr(table, kind) if all(name in columns for name in rule.columns))
        getattr(template, kind).extend(rules)
    return template


def _add(template: RowTemplate, row: Mapping[str, Any]) -> None:
    columns, kind = tuple(row["columns"]), row["kind"]
    constants: tuple[str, ...] = ()
    if kind in {"check", "bound"} and row["rule"]:
        name = (
            "isolation/probe/parsed_rules/check" if kind == "check" else "isolation/probe/parsed_rules/partition_bound"
        )
        text = queries.compose(name, rule=sql.SQL(row["rule"])).as_string(None)
        constants = tuple(_constants(json.loads(pglast.parser.parse_sql_json(text))))
    rule = ColumnConstraint(row["name"], columns, row["parent"], tuple(row["parent_columns"]), constants)
    kinds = {"foreign": template.foreign, "check": template.checks, "bound": template.bounds, "unique": template.keys}
    kinds.get(kind, template.loose).append(rule)


def _constants(node: object) -> Iterable[str]:
    """Yield the constants of a syntax tree as text, in their order."""
    if isinstance(node, dict):
        constant = node.get("A_Const")
        if isinstance(constant, dict):
            # A zero is left out of the tree.
            for kind, field_name, zero in _LITERALS:
                if kind in constant:
                    yield str(constant[kind].get(field_name, zero))
            return
        for child in node.values():
            yield from _constants(child)
    elif isinstance(node, list):
        for child in node:
            yield from _constants(child)


def candidate_values(column: ColumnTemplate, *, unique: bool) -> tuple[str, ...]:
    """Return values of the column's type, the likeliest first; for a unique column a new one."""
    if column.labels:
        return column.labels
    if column.type == "uuid":
        return (str(uuid.uuid4()),)
    if unique:
        fresh = _fresh(column)
        if fresh is not None:
            return (fresh,)
    found = _BY_TYPE.get(column.type) or _BY_CATEGORY.get(column.category, ())
    if column.category == "S" and column.longest:
        return tuple(text[: column.longest] for text in found)
    return found


def _fresh(column: ColumnTemplate) -> str | None:
    if column.category == "S":
        return f"{USER}-{secrets.token_hex(12)}"[-(column.longest or 64) :]
    if column.category == "N":
        most = 30_000 if column.type == "smallint" else 2_000_000_000
        return str(most // 2 + secrets.randbelow(most // 2))
    return None
