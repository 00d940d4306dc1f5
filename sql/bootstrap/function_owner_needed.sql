-- What it answers: does the function not belong to the maintenance role, with whose rights it must run?
-- Columns: needed.
-- Minimum version: 13.
select not exists (
    select
    from pg_catalog.pg_proc as p
    where p.oid = pg_catalog.to_regprocedure('public.monitor_storage_growth()')
        and pg_catalog.pg_get_userbyid(p.proowner) = %(role)s
) as needed
