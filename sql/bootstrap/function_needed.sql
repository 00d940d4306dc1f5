-- What it answers: is the function absent, or does it read otherwise than the suite's own?
-- Columns: needed.
-- Minimum version: 13.
select not exists (
    select
    from pg_catalog.pg_proc as p
    where p.oid = pg_catalog.to_regprocedure('public.monitor_storage_growth()')
        and pg_catalog.md5(p.prosrc) = %(md5)s
        and p.prosecdef
        and p.proconfig is not null
) as needed
