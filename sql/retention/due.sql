-- What it answers: how many rows does a rule reach in each leaf, how many of them are held, and how old are they? One pass over the
-- table through its parent, so that the server leaves out partitions by the clock.
-- Columns: oid, schema, name, ident (as PostgreSQL quotes them), kind, due, held, oldest, newest.
-- Minimum version: 13.
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
order by namespace.nspname, leaf.relname
