-- What it answers: which of the new partition's indexes belongs to this index of the parent?
-- Columns: name
-- Parameters: parent_index (oid), schema, name of the partition
-- Minimum version: 13
select i.relname::text as name
from pg_catalog.pg_inherits as h
join pg_catalog.pg_index as x on x.indexrelid = h.inhrelid
join pg_catalog.pg_class as i on i.oid = x.indexrelid
join pg_catalog.pg_class as c on c.oid = x.indrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where h.inhparent = %(parent_index)s::bigint::oid and n.nspname = %(schema)s and c.relname = %(name)s
order by i.oid
