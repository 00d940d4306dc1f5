-- What it answers: what are the tables of a partition tree that have rows called?
-- Columns: oid, schema, name.
-- Parameters: relations, the tree's oids.
-- Minimum version: 13.
select relation.oid::pg_catalog.int8 as oid, namespace.nspname as schema, relation.relname as name
from pg_catalog.pg_class as relation
join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
where relation.oid = any (%(relations)s::pg_catalog.oid[]) and relation.relkind in ('r', 'f')
order by namespace.nspname, relation.relname
