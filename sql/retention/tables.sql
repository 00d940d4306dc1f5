-- What it answers: which of the tables that retention rules name exist, with which columns?
-- Parameters: schemas and names, in pairs.
-- Columns: schema, name, ident (as PostgreSQL quotes them), oid, kind, family (oids of its partition tree), columns (a JSON
-- object of column name to type name), required (names of the columns that are not null).
-- The tree is read from pg_inherits, since pg_partition_tree() would wait for a partition that somebody has locked.
-- Minimum version: 13.
with recursive tree as (
    select relation.oid as root, relation.oid
    from rows from (
        pg_catalog.unnest(%(schemas)s::pg_catalog.text[]), pg_catalog.unnest(%(names)s::pg_catalog.text[])
    ) as wanted (schema, name)
    join pg_catalog.pg_namespace as namespace on namespace.nspname = wanted.schema
    join pg_catalog.pg_class as relation on relation.relnamespace = namespace.oid and relation.relname = wanted.name
    union
    select tree.root, child.inhrelid
    from tree
    join pg_catalog.pg_inherits as child on child.inhparent = tree.oid
    join pg_catalog.pg_class as partition on partition.oid = child.inhrelid and partition.relispartition
)
select
    wanted.schema,
    wanted.name,
    pg_catalog.quote_ident(wanted.schema) || '.' || pg_catalog.quote_ident(wanted.name) as ident,
    relation.oid::pg_catalog.int8 as oid,
    relation.relkind::pg_catalog.text as kind,
    array(
        select tree.oid::pg_catalog.int8 from tree where tree.root = relation.oid
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
