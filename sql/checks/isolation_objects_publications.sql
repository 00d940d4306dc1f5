-- What it answers: which publications send rows of tenants to whoever subscribes? Before 15 nothing can filter them.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of isolation/tenant_tables; {tables}
-- Minimum version: 13
with tables as materialized (
    {tables}
),
sent as materialized (
    select distinct p.oid as publication, coalesce(pg_catalog.pg_partition_root(c.oid)::oid, c.oid) as root
    from pg_catalog.pg_publication as p
    join pg_catalog.pg_publication_tables as shown on shown.pubname = p.pubname
    join pg_catalog.pg_namespace as n on n.nspname = shown.schemaname
    join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = shown.tablename
    -- No join, which the planner would make a loop over thousands of partitions.
    where (c.oid in (select tables.oid from tables)) is true
)
select
    'publication' as object_type,
    pg_catalog.quote_ident(p.pubname) as object_name,
    case when p.puballtables then 'sends all tables' else 'sends tables of tenants' end as observed,
    'none of tenants'' tables' as expected,
    'a subscriber gets the rows of every tenant of ' || pg_catalog.string_agg(distinct root.ident, ', ' order by root.ident) as detail,
    case
        when p.puballtables then 'drop publication ' || pg_catalog.quote_ident(p.pubname)
        else 'alter publication ' || pg_catalog.quote_ident(p.pubname) || ' drop table '
            || coalesce(pg_catalog.string_agg(distinct named.ident, ', ' order by named.ident), pg_catalog.min(root.ident))
    end || ' -- or an exemption, where the subscriber may hold every tenant''s rows' as remediation
from sent
join pg_catalog.pg_publication as p on p.oid = sent.publication
join (
    select c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
) as root on root.oid = sent.root
left join (
    select
        r.prpubid,
        coalesce(pg_catalog.pg_partition_root(r.prrelid)::oid, r.prrelid) as root,
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident
    from pg_catalog.pg_publication_rel as r
    join pg_catalog.pg_class as c on c.oid = r.prrelid
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
) as named on named.prpubid = p.oid and named.root = sent.root
group by p.pubname, p.puballtables
order by object_name
