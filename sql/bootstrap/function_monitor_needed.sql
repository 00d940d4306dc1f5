-- What it answers: may those who monitor not call the function?
-- Columns: needed.
-- Minimum version: 13.
select not coalesce(
    (
        select pg_catalog.bool_or(true)
        from pg_catalog.pg_proc as p
        cross join lateral pg_catalog.aclexplode(p.proacl) as a
        where p.oid = pg_catalog.to_regprocedure('public.monitor_storage_growth()')
            and a.grantee = 'pg_monitor'::pg_catalog.regrole
            and a.privilege_type = 'EXECUTE'
    ),
    false
) as needed
