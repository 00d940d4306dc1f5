-- What it answers: is there a role of that name that row-level security filters?
-- Columns: needed.
-- Minimum version: 13.
select exists (
    select
    from pg_catalog.pg_roles as r
    where r.rolname = %(role)s
        and not r.rolbypassrls
        and not r.rolsuper
) as needed
