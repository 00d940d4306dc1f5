-- The session in which the probe acts as a role.
-- Minimum version: 13

-- name: state
-- As whom the session acts, what exempts it from row-level security, and in which tenant it is.
-- Columns: superuser; bypasses; row_security; tenant (null: never set); given: the setting has a default; owned: a table whose policies the
-- role could take away (null: none)
-- Parameters: setting; those of isolation/tenant_tables, which is {tables}
select
    role.rolsuper as superuser,
    role.rolbypassrls as bypasses,
    pg_catalog.current_setting('row_security') as row_security,
    pg_catalog.current_setting(%(setting)s, true) as tenant,
    exists (
        select
        from pg_catalog.pg_db_role_setting as s
        cross join lateral pg_catalog.unnest(s.setconfig) as given (said)
        join pg_catalog.pg_database as d on d.datname = pg_catalog.current_database()
        where s.setrole in (0::pg_catalog.oid, role.oid)
            and s.setdatabase in (0::pg_catalog.oid, d.oid)
            -- An empty one names no tenant.
            and pg_catalog.lower(pg_catalog.split_part(given.said, '=', 1)) = pg_catalog.lower(%(setting)s)
            and pg_catalog.split_part(given.said, '=', 2) <> ''
    ) as given,
    (
        select pg_catalog.min(tables.ident)
        from ({tables}) as tables
        where pg_catalog.pg_has_role(tables.owner, 'usage')
    ) as owned
from pg_catalog.pg_roles as role
where role.rolname = current_user;

-- name: set_role
-- What it does: takes a role until the end of the transaction.
set local role {role};

-- name: has_written
-- Whether the transaction has written anything: only then has it an id.
-- Columns: written
select pg_catalog.pg_current_xact_id_if_assigned() is not null as written;

-- name: bind_role
-- What it does: binds a role to row-level security.
alter role {role} nosuperuser nobypassrls;
