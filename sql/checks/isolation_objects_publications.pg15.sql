-- What it answers: which publications send rows of tenants to whoever subscribes, and no row filter names whose?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: named text[], publication and table (oids) whose filter lets through named tenants only; those of isolation/tenant_tables; {tables}
-- Minimum version: 15
with tables as materialized (
    {tables}
),
sent as materialized (
    select distinct p.oid as publication, coalesce(pg_catalog.pg_partition_root(c.oid)::oid, c.oid) as root, c.relnamespace
    from pg_catalog.pg_publication as p
    join pg_catalog.pg_publication_tables as shown on shown.pubname = p.pubname
    join pg_catalog.pg_namespace as n on n.nspname = shown.schemaname
    join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = shown.tablename
    -- No join, which the planner would make a loop over thousands of partitions.
    where (c.oid in (select tables.oid from tables)) is true
        -- FOR ALL TABLES and TABLES IN SCHEMA send all rows, whatever a filter says beside them: none is shown then.
        and not (shown.rowfilter is not null and p.oid || ':' || c.oid = any (%(named)s::text[]))
)
select
    'publication' as object_type,
    pg_catalog.quote_ident(p.pubname) as object_name,
    case
        when p.puballtables then 'sends all tables'
        when pg_catalog.min(whole.nspname::text) is not null then 'sends all tables of ' || pg_catalog.min(pg_catalog.quote_ident(whole.nspname))
        else 'sends tables of tenants without a filter by named tenants'
    end as observed,
    'none of tenants'' tables, or a row filter that compares the tenant with constants' as expected,
    'a subscriber gets the rows of every tenant of ' || pg_catalog.string_agg(distinct root.ident, ', ' order by root.ident)
    || case when p.pubviaroot then ', partitions as their parent' else '' end as detail,
    case
        when p.puballtables then 'drop publication ' || pg_catalog.quote_ident(p.pubname)
        when pg_catalog.min(whole.nspname::text) is not null then 'alter publication ' || pg_catalog.quote_ident(p.pubname)
            || ' drop tables in schema ' || pg_catalog.string_agg(distinct pg_catalog.quote_ident(whole.nspname), ', ')
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
left join pg_catalog.pg_publication_namespace as member on member.pnpubid = p.oid and member.pnnspid = sent.relnamespace
left join pg_catalog.pg_namespace as whole on whole.oid = member.pnnspid
group by p.pubname, p.puballtables, p.pubviaroot
order by object_name
