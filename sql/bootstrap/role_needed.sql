-- What it answers: is there no role of that name?
-- Columns: needed.
-- Minimum version: 13.
select not exists (
    select
    from pg_catalog.pg_roles as r
    where r.rolname = %(role)s
) as needed
