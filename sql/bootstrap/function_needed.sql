-- What it answers: is the function absent, or does it read otherwise than the suite's own?
-- Columns: needed.
-- Parameters: md5, of the body.
-- Minimum version: 13.
select not exists (
    select
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'public'
        and p.proname = 'monitor_storage_growth'
        and p.pronargs = 0
        and pg_catalog.md5(p.prosrc) = %(md5)s
        and p.prosecdef
        and p.proconfig is not null
) as needed
