-- What it answers: is the table absent? Whoever asks needs no right on its schema.
-- Columns: needed.
-- Parameters: schema, name.
-- Minimum version: 13.
select not exists (
    select
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = %(schema)s
        and c.relname = %(name)s
) as needed
