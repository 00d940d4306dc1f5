-- The functions that policies and views call, which may be what tells the tenant.
-- Columns: definition
-- Parameters: none
-- Minimum version: 13
select pg_catalog.pg_get_functiondef(p.oid) as definition
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace and n.nspname <> 'pg_catalog'
join pg_catalog.pg_language as l on l.oid = p.prolang and l.lanname in ('sql', 'plpgsql')
where p.prokind = 'f'
    and p.oid in (
        select d.refobjid
        from pg_catalog.pg_depend as d
        where d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
            and d.classid in ('pg_catalog.pg_policy'::pg_catalog.regclass, 'pg_catalog.pg_rewrite'::pg_catalog.regclass)
    )
order by p.oid
