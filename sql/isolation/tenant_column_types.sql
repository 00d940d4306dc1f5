-- Of which types are the tenant columns? Partitions have their root's.
-- Columns: type, as format_type() prints it with its length
-- Parameters: those of isolation/tenant_tables; {tables} is isolation/tenant_tables
-- Minimum version: 13
select distinct pg_catalog.format_type(a.atttypid, a.atttypmod) as type
from ({tables}) as t
join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum = t.attnum
where t.level = 0
order by type
