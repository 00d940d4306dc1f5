-- What it answers: may those who monitor not call the function, other than as everybody may?
-- Columns: needed.
-- Minimum version: 13.
select not exists (
    select
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    cross join lateral pg_catalog.aclexplode(p.proacl) as a
    where n.nspname = 'public'
        and p.proname = 'monitor_storage_growth'
        and p.pronargs = 0
        and a.grantee = (select r.oid from pg_catalog.pg_roles as r where r.rolname = 'pg_monitor')
        and a.privilege_type = 'EXECUTE'
) as needed
