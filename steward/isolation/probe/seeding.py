"""The rows of invented tenants that one round of the probe uses, inserted in its own transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from steward import Inconclusive
from steward.database import queries, session
from steward.isolation.probe import side_effects
from steward.isolation.probe.row_seeder import RowSeeder, SeedRefusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from steward.database.session import Session
    from steward.isolation.probe.row_templates import RowTemplate
    from steward.isolation.probe.surface import AttackSurface, TenantRelation
    from steward.isolation.probe.tenants import ProbeTenant
    from steward.profile import Profile

__all__ = ["SeededRows"]

_PAIR = 2
_TELLING = 8


class SeededRows:
    """Inserts rows of tenants; ``tenants`` are those that tables accepted.

    ``counts`` are rows by table and letter, ``present`` the letters alone, ``planted`` the tables with rows of both
    A and B, ``refused`` why another has none. ``markers`` are the words that occur in rows of one tenant only,
    ``shared`` those in rows that all tenants share.
    """

    def __init__(
        self,
        conn: Session,
        profile: Profile,
        surface: AttackSurface,
        templates: Mapping[int, RowTemplate],
        blocked: Mapping[int, str],
    ) -> None:
        self.conn = conn
        self.profile = profile
        self.surface = surface
        self.seeder = RowSeeder(conn, templates, surface.column, blocked)
        self.tenants: list[ProbeTenant] = []
        self.counts: dict[int, dict[str, int]] = {}
        self.present: dict[int, set[str]] = {}
        self.planted: set[int] = set()
        self.refused: dict[int, str] = {}
        self.markers: dict[str, set[str]] = {}
        self.shared: set[str] = set()
        self.notes: list[str] = []

    def plant(self, wanted: Sequence[TenantRelation], invented: Sequence[ProbeTenant], *, refresh: bool) -> None:
        """Insert a row of each tenant into each table that accepts it.

        Raises:
            Inconclusive: none of A and B could be planted anywhere.

        """
        maintenance = self.profile.roles.maintenance
        if maintenance:
            queries.execute(self.conn, "isolation/probe/session/set_role", role=sql.Identifier(maintenance))
        else:
            queries.execute(self.conn, "session/settings/set_login_role")
        table_counts = {tenant.label: self._tenant(wanted, tenant) for tenant in invented}
        self.tenants = [
            tenant for number, tenant in enumerate(invented) if number < _PAIR or table_counts[tenant.label]
        ]
        if refresh:
            self._refresh()
        self._count(wanted)
        self._mark()
        if not self.planted:
            raise Inconclusive("; ".join(dict.fromkeys(self.refused.values())) or "no row could be made")

    def offer_views(self, views: Iterable[TenantRelation]) -> None:
        """Offer the rows for writes through the views of their tables, where no trigger or rule would act."""
        for view in views:
            table, template = view.base or 0, self.seeder.templates[view.oid]
            refused = self.seeder.blocked.get(view.oid) or self.refused.get(table)
            if table not in self.planted or view.oid in self.seeder.blocked:
                self.refused[view.oid] = refused or "no row was made in its table"
                continue
            for tenant in self.tenants:
                row = self.seeder.rows.get((table, tenant.value))
                if row is not None:
                    self.seeder.rows[view.oid, tenant.value] = {name: row[name] for name in template.columns}
            self.counts[view.oid] = self.counts[table]
            self.planted.add(view.oid)

    def _tenant(self, wanted: Sequence[TenantRelation], tenant: ProbeTenant) -> int:
        """Return the number of tables that have a row of the tenant now, and note those that refuse its name."""
        refusals: dict[str, list[str]] = {}
        for relation in wanted:
            try:
                self.seeder.seed(relation.oid, tenant.value)
            except SeedRefusal as refused:
                self.refused.setdefault(relation.oid, refused.reason)
                refusals.setdefault(refused.why, []).append(relation.ident)
        for why, tables in refusals.items():
            self.notes.append(f"tenant {tenant.label!r} is refused by {', '.join(tables)}: {why}")
        return len(wanted) - sum(len(tables) for tables in refusals.values())

    def _refresh(self) -> None:
        """Refresh the materialized views, in the order of their dependencies."""
        patience = self.profile.schedule("checks").statement_timeout
        views = [relation for relation in self.surface.relations if relation.kind == "m"]
        for view in sorted(views, key=lambda relation: (relation.depth, relation.ident)):
            try:
                with self.conn.transaction():
                    session.set_timeouts(self.conn, statement_timeout=patience)
                    queries.execute(self.conn, "isolation/probe/seeding/refresh", relation=view.identifier)
            except psycopg.Error as error:
                self.notes.append(
                    f"{view.ident} could not be refreshed for the planted rows: {queries.server_message(error)}"
                )
        session.set_timeouts(self.conn, statement_timeout=self.profile.canary.timeout)

    def _count(self, wanted: Iterable[TenantRelation]) -> None:
        letters = {tenant.value: tenant.label for tenant in self.tenants}
        for relation in wanted:
            rows = side_effects.rows_by_tenant(self.conn, relation, self.surface.column, self.tenants)
            self.counts[relation.oid] = {letters[value]: count for value, count in rows.items() if value in letters}
            self.present[relation.oid] = set(self.counts[relation.oid])
            if all((relation.oid, tenant.value) in self.seeder.rows for tenant in self.tenants[:_PAIR]):
                self.planted.add(relation.oid)

    def _mark(self) -> None:
        """Find the words that occur in the rows of one tenant only."""
        words_of: dict[str, set[str]] = {tenant.label: {tenant.value} for tenant in self.tenants}
        letters = {tenant.value: tenant.label for tenant in self.tenants}
        for (oid, value), row in self.seeder.rows.items():
            if value in letters:
                words = {word for word in row.values() if word and len(word) >= _TELLING}
                words_of[letters[value]] |= words
                if self.surface.column not in self.seeder.templates[oid].columns:
                    self.shared |= words - set(letters)
        for label, words in words_of.items():
            others = set().union(*(more for other, more in words_of.items() if other != label))
            self.markers[label] = words - others
