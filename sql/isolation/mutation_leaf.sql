-- In which partition does a table's only row lie?
-- Columns: schema; name
-- Minimum version: 13
select n.nspname::text as schema, c.relname::text as name
from {table} as r
join pg_catalog.pg_class as c on c.oid = r.tableoid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
limit 1
