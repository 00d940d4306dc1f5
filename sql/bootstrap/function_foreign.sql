-- What it answers: is there a function of that name with other columns, which cannot be replaced in place?
-- Columns: needed.
-- Minimum version: 13.
select exists (
    select
    from pg_catalog.pg_proc as p
    where p.oid = pg_catalog.to_regprocedure('public.monitor_storage_growth()')
        and pg_catalog.pg_get_function_result(p.oid) <> %(result)s
) as needed
