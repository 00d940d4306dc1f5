-- Legal holds: rows that no purge may touch.
-- Minimum version: 13

-- name: current
-- What it answers: which legal holds stand, as written? Cheap enough to be asked before every batch.
-- Columns: id, tenant, table_name, predicate, owner.
select
    hold.id,
    hold.tenant_id as tenant,
    hold.table_name,
    hold.predicate,
    hold.owner
from steward.legal_hold as hold
where hold.until is null or hold.until >= pg_catalog.now()
order by hold.id;

-- name: covered_relations
-- What it answers: which legal holds stand, and which relations does each of them cover? A hold names a table or a single
-- partition, with or without its schema and quotes; without a schema it covers every table of that name.
-- Columns: id, tenant, table_name, predicate, owner, covers (oids, partitions included; empty when no such table exists).
with recursive covered as (
    select hold.id as hold, relation.oid
    from steward.legal_hold as hold
    -- The text may be cut at any of its dots, or at none, and each part may be quoted or not.
    cross join lateral (
        select null::pg_catalog.text as schema, hold.table_name as name
        union all
        select
            pg_catalog.left(hold.table_name, dot.position - 1),
            pg_catalog.substr(hold.table_name, dot.position + 1)
        from pg_catalog.generate_series(2, pg_catalog.length(hold.table_name) - 1) as dot (position)
        where pg_catalog.substr(hold.table_name, dot.position, 1) = '.'
    ) as part
    cross join lateral (
        select part.name as spelled
        union
        select pg_catalog.replace(pg_catalog.substr(part.name, 2, pg_catalog.length(part.name) - 2), '""', '"')
        where part.name like '"_%%"'
    ) as table_name
    cross join lateral (
        select part.schema as spelled
        union
        select pg_catalog.replace(pg_catalog.substr(part.schema, 2, pg_catalog.length(part.schema) - 2), '""', '"')
        where part.schema like '"_%%"'
    ) as schema_name
    -- The cast lets the catalog's index be used, and cuts a name that is too long; the second condition minds that.
    join pg_catalog.pg_class as relation
        on relation.relname = table_name.spelled::pg_catalog.name
        and relation.relname::pg_catalog.text = table_name.spelled
        and relation.relkind in ('r', 'p', 'f', 'm')
    join pg_catalog.pg_namespace as namespace
        on namespace.oid = relation.relnamespace
        and (part.schema is null or namespace.nspname::pg_catalog.text = schema_name.spelled)
    union
    select covered.hold, child.inhrelid
    from covered
    join pg_catalog.pg_inherits as child on child.inhparent = covered.oid
)
select
    hold.id,
    hold.tenant_id as tenant,
    hold.table_name,
    hold.predicate,
    hold.owner,
    coalesce(
        (
            select pg_catalog.array_agg(covered.oid::pg_catalog.int8 order by covered.oid)
            from covered
            where covered.hold = hold.id
        ),
        array[]::pg_catalog.int8[]
    ) as covers
from steward.legal_hold as hold
where hold.until is null or hold.until >= pg_catalog.now()
order by hold.id;

-- name: compiles
-- What it answers: does the predicate of a legal hold stand for one boolean on this table? It is compiled and never run. It
-- stands in brackets of three kinds, so that a text which closes the brackets it is put in does not fit them all; a statement with a
-- bound value is sent by a protocol that takes no second one.
-- Parameters: hold, its id.
explain
select
from only {table} as {row}
where cast((
        {predicate}
    ) as pg_catalog.bool)
    and (
        {predicate}
    ) is not null
    and (array[(
        {predicate}
    )])[1]
    and %(hold)s::pg_catalog.int8 is not null;
