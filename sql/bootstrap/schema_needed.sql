-- What it answers: is the suite's own schema absent?
-- Columns: needed.
-- Minimum version: 13.
select not exists (
    select
    from pg_catalog.pg_namespace as n
    where n.nspname = 'steward'
) as needed
