-- What it answers: may those who monitor not read the table?
-- Columns: needed.
-- Parameters: schema, name.
-- Minimum version: 13.
select not exists (
    select
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = %(schema)s
        and c.relname = %(name)s
        and pg_catalog.has_table_privilege('pg_monitor', c.oid, 'select')
) as needed
