-- Which tenants the statistics call the most frequent in the topmost tables: an estimate, and no table is read for it.
-- Columns: oid of the table; tenant; rows
-- Parameters: column; {tables} is isolation/tables
-- Minimum version: 13
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
order by t.oid, frequent.share desc, frequent.tenant
