-- What it answers: which legal holds stand, and which relations does each of them cover? A hold names a table or a single
-- partition, with or without its schema and quotes; without a schema it covers every table of that name.
-- Columns: id, tenant, table_name, predicate, owner, covers (oids, partitions included; empty when no such table exists).
-- Minimum version: 13.
with recursive covered as (
    select hold.id as hold, relation.oid
    from steward.legal_hold as hold
    join pg_catalog.pg_class as relation on relation.relkind in ('r', 'p', 'f', 'm')
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    cross join lateral (
        values
            (relation.relname::pg_catalog.text),
            (pg_catalog.quote_ident(relation.relname)),
            ('"' || pg_catalog.replace(relation.relname, '"', '""') || '"')
    ) as table_part (spelled)
    cross join lateral (
        values
            (''),
            (namespace.nspname || '.'),
            (pg_catalog.quote_ident(namespace.nspname) || '.'),
            ('"' || pg_catalog.replace(namespace.nspname, '"', '""') || '".')
    ) as schema_part (spelled)
    -- The first condition leaves all but a few of many thousand relations out cheaply.
    where pg_catalog.strpos(pg_catalog.replace(hold.table_name, '""', '"'), relation.relname) > 0
        and hold.table_name = schema_part.spelled || table_part.spelled
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
order by hold.id
