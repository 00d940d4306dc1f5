"""One session of a connection pool on a walk: its steps, each of which must not reach another tenant's rows."""

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
    from steward.isolation.walks.walk_database import AllowedWrite, WalkDatabase

__all__ = ["LeakError", "PooledSession"]

# One thread drives all sessions of a walk: a session cannot release a lock while another one waits for it.
_LOCK = timedelta(milliseconds=50)
_STATEMENT = timedelta(seconds=30)


class LeakError(AssertionError):
    """A step reached a row of another tenant; ``steps`` is the walk that led there."""

    def __init__(self, relation: str, observed: str, steps: Iterable[str] = ()) -> None:
        super().__init__(f"{relation}: {observed}")
        self.relation = relation
        self.observed = observed
        self.steps = tuple(steps)


class PooledSession:
    """One session of a pool, which serves one tenant after another; it never waits, and checks each of its steps."""

    def __init__(self, database: WalkDatabase, role: str) -> None:
        self.database = database
        self.role = role
        self.saved: list[str] = []
        self._plans: set[int] = set()
        self.conn = session.probe(database.clone.at, database.profile, role)
        # DISCARD ALL deallocates the statements that psycopg prepares by itself, and psycopg would not know it.
        self.conn.prepare_threshold = None
        self._configure()

    def _configure(self) -> None:
        session.set_timeouts(self.conn, lock_timeout=_LOCK, statement_timeout=_STATEMENT)
        settings = {"plan_cache_mode": "force_generic_plan"}
        queries.execute(self.conn, "session/settings/set", {"settings": Jsonb(settings)})
        user = self.database.profile.tenancy.user_setting
        if user:
            self._put(user, row_templates.USER, local=False)
        self.conn.commit()

    def _put(self, setting: str, value: str, *, local: bool) -> None:
        queries.execute(self.conn, "isolation/walk/set_tenant", {"setting": setting, "tenant": value, "local": local})

    @property
    def idle(self) -> bool:
        """Whether no transaction is open."""
        return self.conn.info.transaction_status == TransactionStatus.IDLE

    @property
    def tenant(self) -> str | None:
        """The tenant that the setting names now; reading it begins a transaction."""
        setting = self.database.profile.tenancy.setting
        tenant: str | None = queries.fetch(self.conn, "isolation/walk/current_tenant", {"setting": setting})[0][
            "tenant"
        ]
        return tenant

    def enter(self, tenant: str, *, local: bool) -> None:
        """Set the tenant, for the transaction or for the session."""
        self._put(self.database.profile.tenancy.setting, tenant, local=local)

    def reset(self) -> None:
        """Reset the setting, which is then empty and not NULL."""
        names = self.database.profile.tenancy.setting.split(".")
        # A transaction is open now, so that a refusal undoes nothing else.
        before = self.tenant
        try:
            with self.conn.transaction():
                queries.execute(self.conn, "isolation/walk/reset_tenant", setting=sql.Identifier(*names))
        except psycopg.errors.UndefinedObject:
            if before is not None:
                raise

    def save(self) -> None:
        """Set a savepoint."""
        name = f"walk_{len(self.saved) + 1}"
        queries.execute(self.conn, "isolation/walk/savepoint", savepoint=sql.Identifier(name))
        self.saved.append(name)

    def back(self) -> None:
        """Roll back to the last savepoint, the tenant included."""
        queries.execute(self.conn, "isolation/walk/rollback_to_savepoint", savepoint=sql.Identifier(self.saved.pop()))

    def end(self, *, commit: bool) -> None:
        """End the transaction."""
        self.saved.clear()
        if commit:
            self.conn.commit()
        else:
            self.conn.rollback()

    def discard(self) -> None:
        """Return the session to the pool, which discards its state, and take it for the next client."""
        self.end(commit=False)
        self.conn.autocommit = True
        queries.execute(self.conn, "isolation/walk/discard_all")
        self.conn.autocommit = False
        self._plans.clear()
        queries.execute(self.conn, "session/settings/set_role", role=sql.Identifier(self.role))
        self._configure()

    def read(self, relation: TenantRelation, *, kept: bool) -> None:
        """Read a relation, perhaps with a plan that was made for another tenant.

        Raises:
            LeakError: rows of another tenant than the setting's are seen.

        """
        mine = self.tenant
        try:
            with self.conn.transaction():
                found = {row["tenant"] for row in self._seen(relation, kept=kept)}
        except psycopg.Error as error:
            self._refused(error)
            return
        others = {tenant for tenant in found if tenant != mine and tenant is not None}
        if others:
            shown = " and ".join(sorted({self.database.label(tenant) for tenant in others}))
            plan = " by a plan that it had kept" if kept else ""
            raise LeakError(relation.ident, f"{self.role} in {self.database.label(mine)} sees rows of {shown}{plan}")
        self.database.count("reads of the tenant's own rows" if mine in found else "reads of nothing")

    def _seen(self, relation: TenantRelation, *, kept: bool) -> list[dict[str, Any]]:
        parts = {"relation": relation.identifier, "column": sql.Identifier(self.database.profile.tenancy.column)}
        if not kept:
            return queries.fetch(self.conn, "isolation/walk/visible_rows", None, **parts)
        plan = sql.Identifier(f"walk_{relation.oid}")
        if relation.oid not in self._plans:
            queries.execute(self.conn, "isolation/walk/prepare", None, plan=plan, **parts)
            self._plans.add(relation.oid)
        return queries.fetch(self.conn, "isolation/walk/execute", plan=plan)

    def write(self, turn: AllowedWrite, tenant: str) -> None:
        """Run a write; ``tenant`` is whose row is inserted, or to whom rows are moved.

        Raises:
            LeakError: rows of another tenant were changed.

        """
        if turn.command in {"insert", "move"}:
            {"insert": self._insert, "move": self._move}[turn.command](turn.relation, tenant)
        else:
            {"update": self._update, "delete": self._delete}[turn.command](turn.relation)

    def _insert(self, relation: TenantRelation, tenant: str) -> None:
        """Insert a row of a tenant, perhaps of another than the setting's; the row stays."""
        row = self.database.seeder.fresh(relation.oid, tenant, self.role)
        columns = sql.SQL(", ").join(map(sql.Identifier, row))
        values = sql.SQL(", ").join(map(sql.Literal, row.values()))
        self._write(relation, "an INSERT", "isolation/walk/insert", keep=True, columns=columns, values=values)

    def _update(self, relation: TenantRelation) -> None:
        """Update every row that an UPDATE reaches, and roll it back."""
        changed = self.database.seeder.templates[relation.oid].changed(self.role, self.database.profile.tenancy.column)
        if changed is not None:
            row = self.database.seeder.rows[relation.oid, self.database.values["A"]]
            parts = {"changed": sql.Identifier(changed), "value": sql.Literal(row[changed])}
            self._write(relation, "an UPDATE", "isolation/walk/update", keep=False, **parts)

    def _move(self, relation: TenantRelation, tenant: str) -> None:
        """Assign every row that an UPDATE reaches to a tenant, and roll it back."""
        column = sql.Identifier(self.database.profile.tenancy.column)
        self._write(
            relation, "a change of the tenant", "isolation/walk/update", changed=column, value=sql.Literal(tenant)
        )

    def _delete(self, relation: TenantRelation) -> None:
        """Delete every row that a DELETE reaches, and roll it back."""
        self._write(relation, "a DELETE", "isolation/walk/delete")

    def _write(
        self, relation: TenantRelation, what: str, statement: str, *, keep: bool = False, **parts: sql.Composable
    ) -> None:
        mine = self.tenant
        before = self._truth()
        with self.conn.transaction(force_rollback=not keep):
            try:
                with self.conn.transaction():
                    reached = queries.execute(
                        self.conn, statement, None, relation=relation.identifier, **parts
                    ).rowcount
            except psycopg.Error as error:
                self._refused(error)
                return
            after = self._truth()
        changed = sorted(place for place in before | after if before.get(place) != after.get(place))
        for name, tenant in changed:
            if tenant != mine:
                where = f"{what} in {relation.ident} by {self.role} in {self.database.label(mine)}"
                raise LeakError(name, f"{where} changed rows of {self.database.label(tenant)}")
        own = before.get((relation.ident, mine or ""), (0, None))[0]
        if not keep and reached > own:
            where = f"{what} by {self.role} in {self.database.label(mine)}"
            raise LeakError(relation.ident, f"{where} reached {reached - own} rows of others")
        self.database.count("writes of the tenant's own rows" if reached else "writes of nothing")

    def _truth(self) -> dict[tuple[str, str], tuple[int, Any]]:
        """Return the rows of each tenant in this transaction, read without row-level security."""
        parts = {
            "column": sql.Identifier(self.database.profile.tenancy.column),
            "tenants": sql.SQL(", ").join(map(sql.Literal, self.database.values.values())),
        }
        found = {}
        with self.conn.transaction(force_rollback=True):
            if self.database.profile.roles.maintenance:
                role = sql.Identifier(self.database.profile.roles.maintenance)
                queries.execute(self.conn, "isolation/walk/set_role", role=role)
            else:
                queries.execute(self.conn, "session/settings/set_login_role")
            for relation in self.database.written:
                for row in queries.fetch(
                    self.conn, "isolation/walk/contents", None, relation=relation.identifier, **parts
                ):
                    found[relation.ident, row["tenant"]] = (row["rows"], row["content"])
        return found

    def _refused(self, error: psycopg.Error) -> None:
        """Count a refusal of the server; the loss of the session is raised."""
        if self.conn.closed or self.conn.broken:
            raise error
        self.database.count(f"refused with {error.sqlstate}")

    def close(self) -> None:
        """Close the session, which undoes what it has not committed."""
        self.conn.close()
