"""One session of a pool on a walk: what it does, and what a step of it must not do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.types.json import Jsonb

from steward.database import queries, session
from steward.isolation.probe import row_templates

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steward.isolation.probe.surface import TenantRelation
    from steward.isolation.walks.stage import AllowedWrite, WalkDatabase

__all__ = ["LeakError", "PooledSession"]

# One thread drives all sessions of a walk: who holds a lock does not let go of it while another one waits.
_LOCK = timedelta(milliseconds=50)
_STATEMENT = timedelta(seconds=30)


class LeakError(AssertionError):
    """A step that reached a row of another tenant; ``steps`` is the walk that led there."""

    def __init__(self, relation: str, observed: str, steps: Iterable[str] = ()) -> None:
        super().__init__(f"{relation}: {observed}")
        self.relation = relation
        self.observed = observed
        self.steps = tuple(steps)


class PooledSession:
    """One session of a pool, which serves one tenant after another; it never waits, and it watches what it does."""

    def __init__(self, at: WalkDatabase, role: str) -> None:
        self.at = at
        self.role = role
        self.saved: list[str] = []
        self._plans: set[int] = set()
        self.conn = session.probe(at.clone.at, at.profile, role)
        # What psycopg prepares by itself it would believe to be there after the session was discarded.
        self.conn.prepare_threshold = None
        self._configure()

    def _configure(self) -> None:
        session.limit(self.conn, lock_timeout=_LOCK, statement_timeout=_STATEMENT)
        settings = {"plan_cache_mode": "force_generic_plan"}
        queries.execute(self.conn, "session/settings", {"settings": Jsonb(settings)})
        user = self.at.profile.tenancy.user_setting
        if user:
            self._put(user, row_templates.USER, local=False)
        self.conn.commit()

    def _put(self, setting: str, value: str, *, local: bool) -> None:
        queries.execute(self.conn, "isolation/walk_set", {"setting": setting, "tenant": value, "local": local})

    @property
    def idle(self) -> bool:
        """Whether no transaction is open."""
        return self.conn.info.transaction_status == TransactionStatus.IDLE

    @property
    def tenant(self) -> str | None:
        """The tenant that the setting names now; a transaction begins by asking."""
        setting = self.at.profile.tenancy.setting
        told: str | None = queries.fetch(self.conn, "isolation/walk_current", {"setting": setting})[0]["tenant"]
        return told

    def enter(self, tenant: str, *, local: bool) -> None:
        """Be in a tenant, for the transaction or until told otherwise."""
        self._put(self.at.profile.tenancy.setting, tenant, local=local)

    def reset(self) -> None:
        """Reset the setting: it is empty then, and not NULL."""
        names = self.at.profile.tenancy.setting.split(".")
        # A transaction is open now, and so what the server refuses undoes nothing else.
        before = self.tenant
        try:
            with self.conn.transaction():
                queries.execute(self.conn, "isolation/walk_reset", setting=sql.Identifier(*names))
        except psycopg.errors.UndefinedObject:
            if before is not None:
                raise

    def save(self) -> None:
        """Begin what can be undone by itself."""
        name = f"walk_{len(self.saved) + 1}"
        queries.execute(self.conn, "isolation/walk_savepoint", savepoint=sql.Identifier(name))
        self.saved.append(name)

    def back(self) -> None:
        """Undo all since the last savepoint, the tenant included."""
        queries.execute(self.conn, "isolation/walk_back", savepoint=sql.Identifier(self.saved.pop()))

    def end(self, *, commit: bool) -> None:
        """End the transaction."""
        self.saved.clear()
        if commit:
            self.conn.commit()
        else:
            self.conn.rollback()

    def discard(self) -> None:
        """Go back to the pool, which forgets all of the session, and come out of it for the next client."""
        self.end(commit=False)
        self.conn.autocommit = True
        queries.execute(self.conn, "isolation/walk_discard")
        self.conn.autocommit = False
        self._plans.clear()
        queries.execute(self.conn, "session/role", role=sql.Identifier(self.role))
        self._configure()

    def look(self, reach: TenantRelation, *, kept: bool) -> None:
        """Read a relation, perhaps by a plan that was made for another tenant.

        Raises:
            LeakError: rows of another tenant than the setting's are seen.

        """
        mine = self.tenant
        try:
            with self.conn.transaction():
                found = {row["tenant"] for row in self._seen(reach, kept=kept)}
        except psycopg.Error as error:
            self._refused(error)
            return
        others = {tenant for tenant in found if tenant != mine and tenant is not None}
        if others:
            shown = " and ".join(sorted({self.at.label(each) for each in others}))
            plan = " by a plan that it had kept" if kept else ""
            raise LeakError(reach.ident, f"{self.role} in {self.at.label(mine)} sees rows of {shown}{plan}")
        self.at.count("reads of the tenant's own rows" if mine in found else "reads of nothing")

    def _seen(self, reach: TenantRelation, *, kept: bool) -> list[dict[str, Any]]:
        parts = {"relation": reach.relation, "column": sql.Identifier(self.at.profile.tenancy.column)}
        if not kept:
            return queries.fetch(self.conn, "isolation/walk_seen", None, **parts)
        plan = sql.Identifier(f"walk_{reach.oid}")
        if reach.oid not in self._plans:
            queries.execute(self.conn, "isolation/walk_prepare", None, plan=plan, **parts)
            self._plans.add(reach.oid)
        return queries.fetch(self.conn, "isolation/walk_execute", plan=plan)

    def write(self, turn: AllowedWrite, tenant: str) -> None:
        """Take a turn; ``tenant`` is whose row is inserted, or to whom rows are moved.

        Raises:
            LeakError: what another tenant has is not what it was.

        """
        if turn.what in {"insert", "move"}:
            {"insert": self._insert, "move": self._move}[turn.what](turn.reach, tenant)
        else:
            {"update": self._update, "delete": self._delete}[turn.what](turn.reach)

    def _insert(self, reach: TenantRelation, tenant: str) -> None:
        """Insert a row of a tenant, perhaps of another than the setting's; what was inserted stays."""
        row = self.at.seeder.fresh(reach.oid, tenant, self.role)
        columns = sql.SQL(", ").join(map(sql.Identifier, row))
        values = sql.SQL(", ").join(map(sql.Literal, row.values()))
        self._write(reach, "an INSERT", "isolation/walk_insert", keep=True, columns=columns, values=values)

    def _update(self, reach: TenantRelation) -> None:
        """Write a value into every row that an UPDATE reaches, and take it back."""
        changed = self.at.seeder.shapes[reach.oid].changed(self.role, self.at.profile.tenancy.column)
        if changed is not None:
            row = self.at.seeder.made[reach.oid, self.at.values["A"]]
            parts = {"changed": sql.Identifier(changed), "value": sql.Literal(row[changed])}
            self._write(reach, "an UPDATE", "isolation/walk_update", keep=False, **parts)

    def _move(self, reach: TenantRelation, tenant: str) -> None:
        """Give every row that an UPDATE reaches to a tenant, and take it back."""
        column = sql.Identifier(self.at.profile.tenancy.column)
        self._write(reach, "a change of the tenant", "isolation/walk_update", changed=column, value=sql.Literal(tenant))

    def _delete(self, reach: TenantRelation) -> None:
        """Delete every row that a DELETE reaches, and take it back."""
        self._write(reach, "a DELETE", "isolation/walk_delete")

    def _write(
        self, reach: TenantRelation, what: str, statement: str, *, keep: bool = False, **parts: sql.Composable
    ) -> None:
        mine = self.tenant
        before = self._truth()
        with self.conn.transaction(force_rollback=not keep):
            try:
                with self.conn.transaction():
                    reached = queries.execute(self.conn, statement, None, relation=reach.relation, **parts).rowcount
            except psycopg.Error as error:
                self._refused(error)
                return
            after = self._truth()
        changed = sorted(place for place in before | after if before.get(place) != after.get(place))
        for relation, tenant in changed:
            if tenant != mine:
                where = f"{what} in {reach.ident} by {self.role} in {self.at.label(mine)}"
                raise LeakError(relation, f"{where} changed rows of {self.at.label(tenant)}")
        own = before.get((reach.ident, mine or ""), (0, None))[0]
        if not keep and reached > own:
            where = f"{what} by {self.role} in {self.at.label(mine)}"
            raise LeakError(reach.ident, f"{where} reached {reached - own} rows of others")
        self.at.count("writes of the tenant's own rows" if reached else "writes of nothing")

    def _truth(self) -> dict[tuple[str, str], tuple[int, Any]]:
        """Return what each tenant has in this transaction, as somebody sees it whom no policy filters."""
        parts = {
            "column": sql.Identifier(self.at.profile.tenancy.column),
            "tenants": sql.SQL(", ").join(map(sql.Literal, self.at.values.values())),
        }
        found = {}
        with self.conn.transaction(force_rollback=True):
            if self.at.profile.roles.maintenance:
                role = sql.Identifier(self.at.profile.roles.maintenance)
                queries.execute(self.conn, "isolation/walk_role", role=role)
            else:
                queries.execute(self.conn, "session/login_role")
            for reach in self.at.written:
                for row in queries.fetch(self.conn, "isolation/walk_truth", None, relation=reach.relation, **parts):
                    found[reach.ident, row["tenant"]] = (row["rows"], row["content"])
        return found

    def _refused(self, error: psycopg.Error) -> None:
        """Count what the server refused; a session that is gone has not refused anything."""
        if self.conn.closed or self.conn.broken:
            raise error
        self.at.count(f"refused with {error.sqlstate}")

    def close(self) -> None:
        """Give the session up, and undo what it has not committed."""
        self.conn.close()
