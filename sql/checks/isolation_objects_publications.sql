-- What it answers: which publications send rows of tenants to whoever subscribes? Before 15 nothing can filter them.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of isolation/tables; {tables}
-- Minimum version: 13
with tables as (
    {tables}
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
from pg_catalog.pg_publication as p
join pg_catalog.pg_publication_tables as sent on sent.pubname = p.pubname
join pg_catalog.pg_namespace as n on n.nspname = sent.schemaname
join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = sent.tablename
join tables on tables.oid = c.oid
join tables as root on root.oid = tables.root
left join pg_catalog.pg_publication_rel as listed on listed.prpubid = p.oid
left join tables as named on named.oid = listed.prrelid and named.root = tables.root
group by p.pubname, p.puballtables
order by object_name
