-- What it answers: what has the name that a partition is to get?
-- Columns: kind, as pg_class has it; is_partition
-- Parameters: schema, name
-- Minimum version: 13
select c.relkind::text as kind, c.relispartition as is_partition
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = %(schema)s and c.relname = %(name)s
order by c.oid
