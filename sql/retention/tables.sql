-- What it answers: which of the tables that retention rules name exist, with which columns?
-- Parameters: schemas and names, in pairs.
-- Columns: schema, name, ident (as PostgreSQL quotes them), oid, kind, family (oids of its partition tree), columns (a JSON
-- object of column name to type name), required (names of the columns that are not null).
-- Minimum version: 13.
select
    wanted.schema,
    wanted.name,
    pg_catalog.quote_ident(wanted.schema) || '.' || pg_catalog.quote_ident(wanted.name) as ident,
    relation.oid::pg_catalog.int8 as oid,
    relation.relkind::pg_catalog.text as kind,
    array(
        select tree.relid::pg_catalog.oid::pg_catalog.int8 from pg_catalog.pg_partition_tree(relation.oid) as tree
        union
        select relation.oid::pg_catalog.int8
        order by 1
    ) as family,
    (
        select pg_catalog.jsonb_object_agg(attribute.attname, type.typname)
        from pg_catalog.pg_attribute as attribute
        join pg_catalog.pg_type as type on type.oid = attribute.atttypid
        where attribute.attrelid = relation.oid and attribute.attnum > 0 and not attribute.attisdropped
    ) as columns,
    array(
        select attribute.attname::pg_catalog.text
        from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = relation.oid and attribute.attnum > 0 and attribute.attnotnull
        order by attribute.attname
    ) as required
from rows from (
    pg_catalog.unnest(%(schemas)s::pg_catalog.text[]), pg_catalog.unnest(%(names)s::pg_catalog.text[])
) as wanted (schema, name)
join pg_catalog.pg_namespace as namespace on namespace.nspname = wanted.schema
join pg_catalog.pg_class as relation
    on relation.relnamespace = namespace.oid
    and relation.relname = wanted.name
    and relation.relkind in ('r', 'p', 'f')
order by wanted.schema, wanted.name
