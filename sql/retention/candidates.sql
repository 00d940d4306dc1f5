-- The rows that a rule reaches, and what is asked about their tables.
-- Minimum version: 13

-- name: due
-- What it answers: how many rows does a rule reach in each leaf, how many of them are held, and how old are they? One pass over the
-- table through its parent, so that the server leaves out partitions by the clock.
-- Columns: oid, schema, name, ident (as PostgreSQL quotes them), kind, due, held, oldest, newest.
select
    leaf.oid::pg_catalog.int8 as oid,
    namespace.nspname as schema,
    leaf.relname as name,
    pg_catalog.quote_ident(namespace.nspname) || '.' || pg_catalog.quote_ident(leaf.relname) as ident,
    leaf.relkind::pg_catalog.text as kind,
    counted.due,
    counted.held,
    counted.oldest,
    counted.newest
from (
    select
        {row}.tableoid as relation,
        pg_catalog.count(*) filter (where not {held}) as due,
        pg_catalog.count(*) filter (where {held}) as held,
        pg_catalog.min({clock})::pg_catalog.text as oldest,
        pg_catalog.max({clock})::pg_catalog.text as newest
    from {table} as {row}
    where {due}
    group by {row}.tableoid
) as counted
join pg_catalog.pg_class as leaf on leaf.oid = counted.relation
join pg_catalog.pg_namespace as namespace on namespace.oid = leaf.relnamespace
order by namespace.nspname, leaf.relname;

-- name: cascaded
-- What it answers: how many rows of a table follow when the rule's rows go?
-- Columns: rows.
select pg_catalog.count(*) as rows
from {table} as {other}
where {follows};

-- name: leaves
-- What it answers: what are the tables of a partition tree that have rows called?
-- Columns: oid, schema, name.
-- Parameters: relations, the tree's oids.
select relation.oid::pg_catalog.int8 as oid, namespace.nspname as schema, relation.relname as name
from pg_catalog.pg_class as relation
join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
where relation.oid = any (%(relations)s::pg_catalog.oid[]) and relation.relkind in ('r', 'f')
order by namespace.nspname, relation.relname;

-- name: clock_indexes
-- What it answers: which of these leaves have an index that walks a clock column in order? Valid btrees over all rows.
-- Parameters: relations, column.
-- Columns: relation, pages (of the leaf as last counted; 0 while nothing has).
select distinct
    index.indrelid::pg_catalog.int8 as relation,
    greatest(leaf.relpages, 0) as pages
from pg_catalog.pg_index as index
join pg_catalog.pg_class as leaf on leaf.oid = index.indrelid
join pg_catalog.pg_class as own on own.oid = index.indexrelid
join pg_catalog.pg_am as method on method.oid = own.relam and method.amname = 'btree'
join pg_catalog.pg_attribute as attribute on attribute.attrelid = index.indrelid and attribute.attnum = index.indkey[0]
where index.indrelid = any (%(relations)s::pg_catalog.oid[])
    and attribute.attname = %(column)s
    and index.indisvalid
    and index.indpred is null
order by relation;
