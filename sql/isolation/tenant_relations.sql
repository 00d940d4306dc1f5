-- Which relations show rows of tenants: their tables with every leaf, and the views and materialized views over them at any depth.
-- Other statements take it as their part {holding}.
-- Columns: oid, schema, name, ident, kind (relkind), owner (oid), rls, forced
-- Parameters: those of isolation/tenant_tables; {tables}
-- Minimum version: 13
select
    c.oid::bigint,
    n.nspname::text as schema,
    c.relname::text as name,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident,
    c.relkind::text as kind,
    c.relowner::bigint as owner,
    c.relrowsecurity as rls,
    c.relforcerowsecurity as forced
from (
    with recursive showing as (
        select tables.oid
        from ({tables}) as tables
        union
        select above.oid
        from showing
        join pg_catalog.pg_depend as d on d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and d.refobjid = showing.oid
            and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        join pg_catalog.pg_rewrite as r on r.oid = d.objid
        join pg_catalog.pg_class as above on above.oid = r.ev_class and above.relkind in ('v', 'm')
    )
    select showing.oid
    from showing
) as shown
join pg_catalog.pg_class as c on c.oid = shown.oid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
order by c.oid
