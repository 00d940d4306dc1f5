"""Rows of invented tenants, made in a transaction that is always rolled back."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice, product
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from steward.database import queries
from steward.isolation.probe.row_templates import value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from steward.database.session import Session
    from steward.isolation.probe.row_templates import ColumnConstraint, ColumnTemplate, RowTemplate

__all__ = ["Row", "RowSeeder", "SeedRefusal"]

Row = dict[str, str | None]

# How many ways of filling a row are tried before it is given up.
_TRIES = 60
_DEPTH = 16


class SeedRefusal(Exception):  # noqa: N818 - a row that could not be made: not an error, but a gap in what can be tried
    """A row that the table's rules did not let be made, and why."""

    def __init__(self, table: str, reason: str, sqlstate: str = "") -> None:
        super().__init__(f"{table}: {reason}")
        self.why = reason
        self.reason = f"no row could be made in {table}: {reason}"
        self.sqlstate = sqlstate


class RowSeeder:
    """Makes rows by what the tables' columns and constraints say; parents before their children, each once a tenant."""

    _last: psycopg.Error

    def __init__(
        self, conn: Session, shapes: Mapping[int, RowTemplate], column: str, blocked: Mapping[int, str]
    ) -> None:
        self.conn = conn
        self.shapes = shapes
        self.column = column
        self.blocked = blocked
        self.made: dict[tuple[int, str], Row] = {}
        self._samples: dict[int, Row] = {}
        self._links = self._linked()

    def seed(self, oid: int, tenant: str, depth: int = 0, fixed: Mapping[str, str] | None = None) -> Row:
        """Return the tenant's row in a table, made now if it has none yet; ``fixed`` are columns that are given.

        Raises:
            Refused: none could be made.

        """
        if (oid, tenant) in self.made and not fixed:
            return self.made[oid, tenant]
        shape = self.shapes[oid]
        if oid in self.blocked:
            raise SeedRefusal(shape.ident, self.blocked[oid])
        if depth > _DEPTH:
            raise SeedRefusal(shape.ident, "its foreign keys go in a circle")
        given = {**self._parents(shape, tenant, depth), **(fixed or {})}
        row = self._insert(shape, self._choices(shape, tenant, given))
        self.made.setdefault((oid, tenant), row)
        return row

    def fresh(self, oid: int, tenant: str, role: str) -> dict[str, str]:
        """Return another row like the tenant's own, with new values where each may stand only once: for an INSERT."""
        shape, row = self.shapes[oid], self.made[oid, tenant]
        bound = {name for rule in (*shape.foreign, *shape.bounds) for name in rule.columns}
        found = {}
        for column in shape.columns.values():
            told = row[column.name]
            if column.fixed or told is None or (role not in column.inserters and not column.required):
                continue
            if shape.keyed(column.name) and column.name not in bound and column.name != self.column:
                fresh = value(column, unique=True)
                if not column.required:
                    continue
                told = fresh[0] if fresh else told
            found[column.name] = told
        return found

    def _linked(self) -> dict[tuple[str, str], tuple[int, str]]:
        """Return which parent's column a name stands for: a column named as another table's foreign key is like it."""
        links = {}
        for shape in self.shapes.values():
            for rule in shape.foreign:
                for name, parent_column in zip(rule.columns, rule.parent_columns, strict=True):
                    if name != self.column and rule.parent != shape.oid:
                        links[name, shape.columns[name].type] = (rule.parent, parent_column)
        return links

    def _parents(self, shape: RowTemplate, tenant: str, depth: int) -> Row:
        """Return the values of foreign keys, each that of the tenant's row in the parent."""
        given: Row = {}
        for rule in shape.foreign:
            if rule.parent == shape.oid or not self._bound(shape, rule):
                continue
            fixed = {
                parent: tenant
                for name, parent in zip(rule.columns, rule.parent_columns, strict=True)
                if name == self.column and parent != self.column
            }
            held = self.made.get((rule.parent, tenant))
            row = held or self.seed(rule.parent, tenant, depth + 1, fixed)
            given |= {name: row[parent] for name, parent in zip(rule.columns, rule.parent_columns, strict=True)}
        for column in shape.columns.values():
            if column.name not in given:
                given |= self._alike(shape, column, tenant, depth)
        return {name: told for name, told in given.items() if name != self.column}

    def _alike(self, shape: RowTemplate, column: ColumnTemplate, tenant: str, depth: int) -> Row:
        """Return the value of a column that is named as foreign keys to a parent are: views join by such names."""
        parent, name = self._links.get((column.name, column.type), (shape.oid, ""))
        if parent == shape.oid:
            return {}
        with suppress(SeedRefusal):
            return {column.name: self.seed(parent, tenant, depth + 1)[name]}
        return {}

    def _bound(self, shape: RowTemplate, rule: ColumnConstraint) -> bool:
        """Tell whether all columns of a foreign key will have a value: one NULL and it asks for nothing."""
        return all(name == self.column or shape.columns[name].required for name in rule.columns)

    def _choices(self, shape: RowTemplate, tenant: str, given: Row) -> dict[str, tuple[str | None, ...]]:
        """Return for each column that is written the values to try."""
        bounded = {name for rule in shape.bounds for name in rule.columns}
        choices: dict[str, tuple[str | None, ...]] = {}
        for column in shape.columns.values():
            if column.fixed:
                continue
            if column.name == self.column:
                choices[column.name] = (tenant,)
            elif column.name in given:
                choices[column.name] = (given[column.name],)
            elif column.required:
                values = value(column, unique=shape.keyed(column.name))
                choices[column.name] = (*values, *shape.constants(column.name))
            elif column.name in bounded:
                # None: as its default says, which is mostly now.
                choices[column.name] = (None, *value(column, unique=False), *shape.constants(column.name))
        return choices

    def _insert(self, shape: RowTemplate, choices: dict[str, tuple[str | None, ...]]) -> Row:
        """Try the likeliest values first, then those that the violated rule is about."""
        picked = {name: values[0] if values else None for name, values in choices.items()}
        refusal = ""
        for attempt in self._attempts(shape, choices, picked):
            try:
                with self.conn.transaction():
                    return self._once(shape, attempt)
            except psycopg.errors.IntegrityError as error:
                refusal = f"{error.sqlstate} {error.diag.constraint_name or error.diag.column_name or ''}".strip()
                self._last = error
            except psycopg.errors.DataError as error:
                refusal = f"{error.sqlstate} {queries.server_message(error)}"
                self._last = error
            except psycopg.Error as error:
                raise SeedRefusal(shape.ident, queries.server_message(error), error.sqlstate or "") from error
        raise SeedRefusal(shape.ident, refusal, self._last.sqlstate or "") from self._last

    def _attempts(self, shape: RowTemplate, choices: dict[str, tuple[str | None, ...]], picked: Row) -> Iterable[Row]:
        yield picked
        yield from islice(self._varied(shape, choices, picked), _TRIES)

    def _varied(self, shape: RowTemplate, choices: dict[str, tuple[str | None, ...]], picked: Row) -> Iterable[Row]:
        """Vary the columns of the rule that was violated last, and keep what satisfied it."""
        tried: set[tuple[str | None, ...]] = set()
        for _ in range(len(shape.checks) + 2):
            blamed = self._blamed(shape, choices)
            if not blamed:
                # Only the tenant itself is refused.
                return
            sample = self._sample(shape)
            ways = [(*self._ways(shape, choices, name), *_one(sample.get(name))) for name in blamed]
            before = self._last
            for values in product(*ways):
                attempt = {**picked, **dict(zip(blamed, values, strict=True))}
                key = tuple(attempt.values())
                if key in tried:
                    continue
                tried.add(key)
                yield attempt
                if _rule(self._last) != _rule(before):
                    picked = attempt
                    break

    def _ways(
        self, shape: RowTemplate, choices: Mapping[str, tuple[str | None, ...]], name: str
    ) -> tuple[str | None, ...]:
        """Return the values to try for a column, which may be one that is left out at first."""
        return choices.get(name) or (*value(shape.columns[name], unique=False), *shape.constants(name))

    def _blamed(self, shape: RowTemplate, choices: Mapping[str, object]) -> list[str]:
        """Return the columns that the last refusal was about; where it does not say, those of the bounds or all."""
        name = self._last.diag.constraint_name
        checks = [rule.columns for rule in shape.checks if rule.name == name] if name else []
        columns = dict.fromkeys(each for names in checks or [rule.columns for rule in shape.bounds] for each in names)
        found = [each for each in columns or choices if each != self.column and not shape.columns[each].fixed]
        if found or checks:
            return found
        return [each for each in choices if each != self.column]

    def _sample(self, shape: RowTemplate) -> Row:
        """Return a row as it stands: what satisfies the rules of the table, if it has any row."""
        if shape.oid not in self._samples:
            rows = queries.fetch(
                self.conn, "isolation/probe_row", None, columns=self._texts(shape), relation=shape.relation
            )
            self._samples[shape.oid] = dict(rows[0]) if rows else {}
        return self._samples[shape.oid]

    def _texts(self, shape: RowTemplate) -> sql.Composed:
        each = [queries.compose("isolation/probe_text", column=sql.Identifier(name)) for name in shape.columns]
        return sql.SQL(", ").join(each)

    def _once(self, shape: RowTemplate, attempt: Row) -> Row:
        written = {name: told for name, told in attempt.items() if told is not None}
        parts: dict[str, sql.Composable] = {"relation": shape.relation, "row": self._texts(shape)}
        name = "isolation/probe_seed_default"
        if written:
            name = "isolation/probe_seed"
            parts["columns"] = sql.SQL(", ").join(map(sql.Identifier, written))
            parts["values"] = sql.SQL(", ").join(map(sql.Literal, written.values()))
        return dict(queries.fetch(self.conn, name, None, **parts)[0])


def _one(told: str | None) -> tuple[str, ...]:
    return () if told is None else (told,)


def _rule(error: psycopg.Error) -> tuple[Any, ...]:
    return (error.sqlstate, error.diag.constraint_name, error.diag.column_name)
