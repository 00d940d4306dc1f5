-- Which row filters do publications have for tenant tables, and of which type is the tenant column that they may compare?
-- Columns: sent, the oids of publication and table; filter, as pg_publication_tables has it (from 15 on; before there is none); type
-- Parameters: those of isolation/tenant_tables; {tables}
-- Minimum version: 13
with tables as materialized (
    {tables}
)
select
    p.oid || ':' || c.oid as sent,
    filter.text as filter,
    pg_catalog.format_type(a.atttypid, a.atttypmod) as type
from pg_catalog.pg_publication as p
join pg_catalog.pg_publication_tables as shown on shown.pubname = p.pubname
cross join lateral (select pg_catalog.to_jsonb(shown) ->> 'rowfilter' as text) as filter
join pg_catalog.pg_namespace as n on n.nspname = shown.schemaname
join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = shown.tablename
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = %(column)s and not a.attisdropped
where filter.text is not null
    -- No join, which the planner would make a loop over thousands of partitions.
    and (c.oid in (select tables.oid from tables)) is true
order by sent
