-- What it answers: does a superuser own the suite's table, so that the maintenance role could not vacuum it? To a
-- superuser nothing is lost with it, and its rights are never granted.
-- Columns: needed.
-- Parameters: schema, name, role.
-- Minimum version: 13.
select exists (
    select
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    join pg_catalog.pg_roles as owner on owner.oid = c.relowner
    where n.nspname = %(schema)s
        and c.relname = %(name)s
        and owner.rolsuper
        and owner.rolname <> %(role)s
) as needed
