-- What it answers: may everybody call the function, or is it not there yet, when everybody will?
-- Columns: needed.
-- Minimum version: 13.
select coalesce(
    pg_catalog.has_function_privilege('public', pg_catalog.to_regprocedure('public.monitor_storage_growth()'), 'execute'),
    true
) as needed
