-- What it answers: does the function not belong to the maintenance role, with whose rights it must run?
-- Columns: needed.
-- Parameters: role.
-- Minimum version: 13.
select not exists (
    select
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'public'
        and p.proname = 'monitor_storage_growth'
        and p.pronargs = 0
        and pg_catalog.pg_get_userbyid(p.proowner) = %(role)s
) as needed
