-- What it answers: is there a role of that name that may not log in?
-- Columns: needed.
-- Minimum version: 13.
select exists (
    select
    from pg_catalog.pg_roles as r
    where r.rolname = %(role)s
        and not r.rolcanlogin
) as needed
