-- What it answers: may everybody call the function, or is it not there yet, when everybody will?
-- Columns: needed.
-- Minimum version: 13.
select not exists (
    select
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'public'
        and p.proname = 'monitor_storage_growth'
        and p.pronargs = 0
        and not pg_catalog.has_function_privilege('public', p.oid, 'execute')
) as needed
