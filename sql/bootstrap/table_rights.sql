-- The suite's own schema, and the owners and readers of its tables.
-- Minimum version: 13

-- name: schema_needed
-- What it answers: is the suite's own schema absent?
-- Columns: needed.
select not exists (
    select
    from pg_catalog.pg_namespace as n
    where n.nspname = 'steward'
) as needed;

-- name: create_schema
-- What it does: creates the schema for what the suite has to remember.
create schema if not exists steward authorization {role};

-- name: table_needed
-- What it answers: is the table absent? Whoever asks needs no right on its schema.
-- Columns: needed.
-- Parameters: schema, name.
select not exists (
    select
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = %(schema)s
        and c.relname = %(name)s
) as needed;

-- name: set_owner
-- What it does: gives a table of the suite to the role that maintains it.
alter table {relation} owner to {role};

-- name: owner_needed
-- What it answers: does a superuser own the suite's table, so that the maintenance role could not vacuum it? To a
-- superuser nothing is lost with it, and its rights are never granted.
-- Columns: needed.
-- Parameters: schema, name, role.
select exists (
    select
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    join pg_catalog.pg_roles as owner on owner.oid = c.relowner
    where n.nspname = %(schema)s
        and c.relname = %(name)s
        and owner.rolsuper
        and owner.rolname <> %(role)s
) as needed;

-- name: monitor_needed
-- What it answers: may those who monitor not read the table?
-- Columns: needed.
-- Parameters: schema, name.
select not exists (
    select
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = %(schema)s
        and c.relname = %(name)s
        and pg_catalog.has_table_privilege('pg_monitor', c.oid, 'select')
) as needed;

-- name: grant_monitor
-- What it does: lets those who monitor read what operators' alert queries ask for.
grant select on {relation} to pg_monitor;
