-- What it answers: is there a function of that name with other columns, which cannot be replaced in place?
-- Columns: needed.
-- Parameters: result, as PostgreSQL writes it.
-- Minimum version: 13.
select exists (
    select
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'public'
        and p.proname = 'monitor_storage_growth'
        and p.pronargs = 0
        and pg_catalog.pg_get_function_result(p.oid) <> %(result)s
) as needed
