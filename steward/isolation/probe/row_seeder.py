"""The row seeder: inserts rows of invented tenants in a transaction that is always rolled back."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice, product
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from steward.database import queries
from steward.isolation.probe.row_templates import candidate_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from steward.database.session import Session
    from steward.isolation.probe.row_templates import ColumnConstraint, ColumnTemplate, RowTemplate

__all__ = ["Row", "RowSeeder", "SeedRefusal"]

Row = dict[str, str | None]

# The number of combinations of values that are tried for a row.
_TRIES = 60
_DEPTH = 16


class SeedRefusal(Exception):  # noqa: N818 - a row that could not be made: not an error, but a gap in what can be tried
    """The constraints or triggers of a table refused every row, and why."""

    def __init__(self, table: str, reason: str, sqlstate: str = "") -> None:
        super().__init__(f"{table}: {reason}")
        self.why = reason
        self.reason = f"no row could be made in {table}: {reason}"
        self.sqlstate = sqlstate


class RowSeeder:
    """Inserts rows that satisfy columns and constraints: parents before children, one row for each tenant and table."""

    _last: psycopg.Error

    def __init__(
        self, conn: Session, templates: Mapping[int, RowTemplate], column: str, blocked: Mapping[int, str]
    ) -> None:
        self.conn = conn
        self.templates = templates
        self.column = column
        self.blocked = blocked
        self.rows: dict[tuple[int, str], Row] = {}
        self._samples: dict[int, Row] = {}
        self._links = self._linked()

    def seed(self, oid: int, tenant: str, depth: int = 0, fixed: Mapping[str, str] | None = None) -> Row:
        """Return the tenant's row in a table, inserted now if there is none yet; ``fixed`` are values that are given.

        Raises:
            SeedRefusal: no row could be inserted.

        """
        if (oid, tenant) in self.rows and not fixed:
            return self.rows[oid, tenant]
        template = self.templates[oid]
        if oid in self.blocked:
            raise SeedRefusal(template.ident, self.blocked[oid])
        if depth > _DEPTH:
            raise SeedRefusal(template.ident, "its foreign keys go in a circle")
        given = {**self._parents(template, tenant, depth), **(fixed or {})}
        row = self._insert(template, self._choices(template, tenant, given))
        self.rows.setdefault((oid, tenant), row)
        return row

    def fresh(self, oid: int, tenant: str, role: str) -> dict[str, str]:
        """Return another row like the tenant's own, with new values in unique columns, for an INSERT."""
        template, row = self.templates[oid], self.rows[oid, tenant]
        bound = {name for rule in (*template.foreign, *template.bounds) for name in rule.columns}
        found = {}
        for column in template.columns.values():
            text = row[column.name]
            if column.fixed or text is None or (role not in column.inserters and not column.required):
                continue
            if template.keyed(column.name) and column.name not in bound and column.name != self.column:
                fresh = candidate_values(column, unique=True)
                if not column.required:
                    continue
                text = fresh[0] if fresh else text
            found[column.name] = text
        return found

    def _linked(self) -> dict[tuple[str, str], tuple[int, str]]:
        """Return the parent's column for each name and type of a foreign key's column."""
        links = {}
        for template in self.templates.values():
            for rule in template.foreign:
                for name, parent_column in zip(rule.columns, rule.parent_columns, strict=True):
                    if name != self.column and rule.parent != template.oid:
                        links[name, template.columns[name].type] = (rule.parent, parent_column)
        return links

    def _parents(self, template: RowTemplate, tenant: str, depth: int) -> Row:
        """Return the values of foreign keys, each that of the tenant's row in the parent."""
        given: Row = {}
        for rule in template.foreign:
            if rule.parent == template.oid or not self._bound(template, rule):
                continue
            fixed = {
                parent: tenant
                for name, parent in zip(rule.columns, rule.parent_columns, strict=True)
                if name == self.column and parent != self.column
            }
            existing = self.rows.get((rule.parent, tenant))
            row = existing or self.seed(rule.parent, tenant, depth + 1, fixed)
            given |= {name: row[parent] for name, parent in zip(rule.columns, rule.parent_columns, strict=True)}
        for column in template.columns.values():
            if column.name not in given:
                given |= self._alike(template, column, tenant, depth)
        return {name: text for name, text in given.items() if name != self.column}

    def _alike(self, template: RowTemplate, column: ColumnTemplate, tenant: str, depth: int) -> Row:
        """Return the value of a column that has the name of foreign keys to a parent: views join by such names."""
        parent, name = self._links.get((column.name, column.type), (template.oid, ""))
        if parent == template.oid:
            return {}
        with suppress(SeedRefusal):
            return {column.name: self.seed(parent, tenant, depth + 1)[name]}
        return {}

    def _bound(self, template: RowTemplate, rule: ColumnConstraint) -> bool:
        """Return whether all columns of a foreign key will have a value: with one NULL it is not checked."""
        return all(name == self.column or template.columns[name].required for name in rule.columns)

    def _choices(self, template: RowTemplate, tenant: str, given: Row) -> dict[str, tuple[str | None, ...]]:
        """Return the values to try for each column that is written."""
        bounded = {name for rule in template.bounds for name in rule.columns}
        choices: dict[str, tuple[str | None, ...]] = {}
        for column in template.columns.values():
            if column.fixed:
                continue
            if column.name == self.column:
                choices[column.name] = (tenant,)
            elif column.name in given:
                choices[column.name] = (given[column.name],)
            elif column.required:
                values = candidate_values(column, unique=template.keyed(column.name))
                choices[column.name] = (*values, *template.constants(column.name))
            elif column.name in bounded:
                # None: its default, which is mostly now().
                choices[column.name] = (None, *candidate_values(column, unique=False), *template.constants(column.name))
        return choices

    def _insert(self, template: RowTemplate, choices: dict[str, tuple[str | None, ...]]) -> Row:
        """Try the likeliest values first, then others for the columns of the violated constraint."""
        picked = {name: values[0] if values else None for name, values in choices.items()}
        refusal = ""
        for attempt in self._attempts(template, choices, picked):
            try:
                with self.conn.transaction():
                    return self._once(template, attempt)
            except psycopg.errors.IntegrityError as error:
                refusal = f"{error.sqlstate} {error.diag.constraint_name or error.diag.column_name or ''}".strip()
                self._last = error
            except psycopg.errors.DataError as error:
                refusal = f"{error.sqlstate} {queries.server_message(error)}"
                self._last = error
            except psycopg.Error as error:
                raise SeedRefusal(template.ident, queries.server_message(error), error.sqlstate or "") from error
        raise SeedRefusal(template.ident, refusal, self._last.sqlstate or "") from self._last

    def _attempts(
        self, template: RowTemplate, choices: dict[str, tuple[str | None, ...]], picked: Row
    ) -> Iterable[Row]:
        yield picked
        yield from islice(self._varied(template, choices, picked), _TRIES)

    def _varied(self, template: RowTemplate, choices: dict[str, tuple[str | None, ...]], picked: Row) -> Iterable[Row]:
        """Vary the columns of the constraint that was violated last, and keep the values that satisfied it."""
        tried: set[tuple[str | None, ...]] = set()
        for _ in range(len(template.checks) + 2):
            blamed = self._blamed(template, choices)
            if not blamed:
                # Only the tenant itself is refused.
                return
            sample = self._sample(template)
            ways = [(*self._ways(template, choices, name), *_one(sample.get(name))) for name in blamed]
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
        self, template: RowTemplate, choices: Mapping[str, tuple[str | None, ...]], name: str
    ) -> tuple[str | None, ...]:
        """Return the values to try for a column, also for one that was left out at first."""
        return choices.get(name) or (*candidate_values(template.columns[name], unique=False), *template.constants(name))

    def _blamed(self, template: RowTemplate, choices: Mapping[str, object]) -> list[str]:
        """Return the columns of the last refusal; where it names none, those of partition bounds, or all."""
        name = self._last.diag.constraint_name
        checks = [rule.columns for rule in template.checks if rule.name == name] if name else []
        columns = dict.fromkeys(
            name for names in checks or [rule.columns for rule in template.bounds] for name in names
        )
        found = [
            column for column in columns or choices if column != self.column and not template.columns[column].fixed
        ]
        if found or checks:
            return found
        return [column for column in choices if column != self.column]

    def _sample(self, template: RowTemplate) -> Row:
        """Return an existing row, which satisfies the constraints of the table; empty where there is none."""
        if template.oid not in self._samples:
            rows = queries.fetch(
                self.conn,
                "isolation/probe/seeding/existing_row",
                None,
                columns=self._texts(template),
                relation=template.identifier,
            )
            self._samples[template.oid] = dict(rows[0]) if rows else {}
        return self._samples[template.oid]

    def _texts(self, template: RowTemplate) -> sql.Composed:
        texts = [
            queries.compose("isolation/probe/seeding/value_as_text", column=sql.Identifier(name))
            for name in template.columns
        ]
        return sql.SQL(", ").join(texts)

    def _once(self, template: RowTemplate, attempt: Row) -> Row:
        written = {name: text for name, text in attempt.items() if text is not None}
        parts: dict[str, sql.Composable] = {"relation": template.identifier, "row": self._texts(template)}
        name = "isolation/probe/seeding/insert_defaults"
        if written:
            name = "isolation/probe/seeding/insert"
            parts["columns"] = sql.SQL(", ").join(map(sql.Identifier, written))
            parts["values"] = sql.SQL(", ").join(map(sql.Literal, written.values()))
        return dict(queries.fetch(self.conn, name, None, **parts)[0])


def _one(text: str | None) -> tuple[str, ...]:
    return () if text is None else (text,)


def _rule(error: psycopg.Error) -> tuple[Any, ...]:
    return (error.sqlstate, error.diag.constraint_name, error.diag.column_name)
