-- Tenants that have rows, and how many rows.
-- Minimum version: 13

-- name: frequent
-- Which tenants the statistics call the most frequent in the topmost tables: an estimate, and no table is read for it.
-- Columns: oid of the table; tenant; rows
-- Parameters: column; {tables} is isolation/tenant_tables
select t.oid, frequent.tenant, (frequent.share * greatest(c.reltuples, 1))::pg_catalog.float8 as rows
from ({tables}) as t
join pg_catalog.pg_class as c on c.oid = t.oid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_stats as s
    on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = %(column)s and s.inherited = (c.relkind = 'p')
cross join lateral rows from (
    pg_catalog.unnest(s.most_common_vals::pg_catalog.text::pg_catalog.text[]), pg_catalog.unnest(s.most_common_freqs)
) as frequent (tenant, share)
where t.level = 0
order by t.oid, frequent.share desc, frequent.tenant;

-- name: sample
-- Which tenants have rows among the first ones of a table.
-- Columns: tenant; rows
select sampled.tenant, pg_catalog.count(*)::pg_catalog.float8 as rows
from (select r.{column}::pg_catalog.text as tenant from {relation} as r limit 10000) as sampled
where sampled.tenant is not null
group by sampled.tenant
order by rows desc, sampled.tenant
limit 16;

-- name: row_counts
-- How many rows of a table some tenants have.
-- Columns: tenant; rows
select r.{column}::pg_catalog.text as tenant, pg_catalog.count(*) as rows
from {relation} as r
where r.{column} in ({tenants})
group by 1
order by 1;

-- name: contents
-- How many rows each tenant has in a table, and one number for what is in them, whatever their order.
-- Columns: tenant; rows; content
select
    r.{column}::pg_catalog.text as tenant,
    pg_catalog.count(*) as rows,
    pg_catalog.sum(pg_catalog.hashtextextended((r.*)::pg_catalog.text, 0)) as content
from {relation} as r
group by 1
order by 1;
