"""The rows of invented tenants that one round of the probe works on, planted in its own transaction."""

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
    """Plants rows and says what stands: ``tenants`` that were let in, and of which of them each table has rows.

    ``counts`` are rows by table and letter, ``held`` the letters alone, ``planted`` the tables that have rows of both A
    and B, ``refused`` why another has not. ``marks`` are the words that stand in rows of one tenant only, ``shared``
    those that stand in rows of what all tenants share.
    """

    def __init__(
        self,
        conn: Session,
        profile: Profile,
        ground: AttackSurface,
        shapes: Mapping[int, RowTemplate],
        blocked: Mapping[int, str],
    ) -> None:
        self.conn = conn
        self.profile = profile
        self.ground = ground
        self.seeder = RowSeeder(conn, shapes, ground.column, blocked)
        self.tenants: list[ProbeTenant] = []
        self.counts: dict[int, dict[str, int]] = {}
        self.held: dict[int, set[str]] = {}
        self.planted: set[int] = set()
        self.refused: dict[int, str] = {}
        self.marks: dict[str, set[str]] = {}
        self.shared: set[str] = set()
        self.notes: list[str] = []

    def plant(self, wanted: Sequence[TenantRelation], invented: Sequence[ProbeTenant], *, refresh: bool) -> None:
        """Make a row of each tenant in each table, as far as they are let in.

        Raises:
            Inconclusive: none of A and B could be planted anywhere.

        """
        maintenance = self.profile.roles.maintenance
        if maintenance:
            queries.execute(self.conn, "isolation/probe_role", role=sql.Identifier(maintenance))
        else:
            queries.execute(self.conn, "session/login_role")
        made = {tenant.label: self._tenant(wanted, tenant) for tenant in invented}
        self.tenants = [tenant for number, tenant in enumerate(invented) if number < _PAIR or made[tenant.label]]
        if refresh:
            self._refresh()
        self._count(wanted)
        self._mark()
        if not self.planted:
            raise Inconclusive("; ".join(dict.fromkeys(self.refused.values())) or "no row could be made")

    def show(self, views: Iterable[TenantRelation]) -> None:
        """Let the planted rows be written through the views of their tables, too, where nothing else would act then."""
        for view in views:
            table, shape = view.base or 0, self.seeder.shapes[view.oid]
            refused = self.seeder.blocked.get(view.oid) or self.refused.get(table)
            if table not in self.planted or view.oid in self.seeder.blocked:
                self.refused[view.oid] = refused or "no row was made in its table"
                continue
            for tenant in self.tenants:
                row = self.seeder.made.get((table, tenant.value))
                if row is not None:
                    self.seeder.made[view.oid, tenant.value] = {name: row[name] for name in shape.columns}
            self.counts[view.oid] = self.counts[table]
            self.planted.add(view.oid)

    def _tenant(self, wanted: Sequence[TenantRelation], tenant: ProbeTenant) -> int:
        """Return in how many tables the tenant has a row now; one whose name is refused is named."""
        refusals: dict[str, list[str]] = {}
        for reach in wanted:
            try:
                self.seeder.seed(reach.oid, tenant.value)
            except SeedRefusal as refused:
                self.refused.setdefault(reach.oid, refused.reason)
                refusals.setdefault(refused.why, []).append(reach.ident)
        for why, tables in refusals.items():
            self.notes.append(f"tenant {tenant.label!r} is refused by {', '.join(tables)}: {why}")
        return len(wanted) - sum(len(tables) for tables in refusals.values())

    def _refresh(self) -> None:
        """Let materialized views see the planted rows, those first that others read."""
        patience = self.profile.schedule("checks").statement_timeout
        views = [reach for reach in self.ground.reaches if reach.kind == "m"]
        for view in sorted(views, key=lambda reach: (reach.depth, reach.ident)):
            try:
                with self.conn.transaction():
                    session.limit(self.conn, statement_timeout=patience)
                    queries.execute(self.conn, "isolation/probe_refresh", relation=view.relation)
            except psycopg.Error as error:
                self.notes.append(
                    f"{view.ident} could not be refreshed for the planted rows: {queries.server_message(error)}"
                )
        session.limit(self.conn, statement_timeout=self.profile.canary.timeout)

    def _count(self, wanted: Iterable[TenantRelation]) -> None:
        letters = {tenant.value: tenant.label for tenant in self.tenants}
        for reach in wanted:
            rows = side_effects.owned(self.conn, reach, self.ground.column, self.tenants)
            self.counts[reach.oid] = {letters[value]: count for value, count in rows.items() if value in letters}
            self.held[reach.oid] = set(self.counts[reach.oid])
            if all((reach.oid, tenant.value) in self.seeder.made for tenant in self.tenants[:_PAIR]):
                self.planted.add(reach.oid)

    def _mark(self) -> None:
        """Find the words by which a row tells its tenant: what no other tenant's rows say."""
        said: dict[str, set[str]] = {tenant.label: {tenant.value} for tenant in self.tenants}
        letters = {tenant.value: tenant.label for tenant in self.tenants}
        for (oid, value), row in self.seeder.made.items():
            if value in letters:
                words = {word for word in row.values() if word and len(word) >= _TELLING}
                said[letters[value]] |= words
                if self.ground.column not in self.seeder.shapes[oid].columns:
                    self.shared |= words - set(letters)
        for label, words in said.items():
            others = set().union(*(more for other, more in said.items() if other != label))
            self.marks[label] = words - others
