-- What it answers: what is one index, and what is left of rebuilds of its table that did not end?
-- Columns: oid, file, size (bytes), rows (-1: unknown), valid, definition, method, known_ratio (bytes a row, as remembered),
-- leftovers (their names)
-- Parameters: schema, name, table_oid
-- Minimum version: 13
select
    c.oid::bigint as oid,
    pg_catalog.pg_relation_filenode(c.oid)::bigint as file,
    pg_catalog.pg_relation_size(c.oid) as size,
    c.reltuples::bigint as rows,
    i.indisvalid as valid,
    pg_catalog.pg_get_indexdef(c.oid) as definition,
    am.amname::text as method,
    known.ratio as known_ratio,
    array(
        select other.relname::text
        from pg_catalog.pg_index as o
        join pg_catalog.pg_class as other on other.oid = o.indexrelid
        where o.indrelid = i.indrelid
            and not o.indisvalid
            and other.relname ~ '_cc(new|old)[0-9]*$'
        order by other.relname collate "C"
    ) as leftovers
from pg_catalog.pg_namespace as n
join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = %(name)s
join pg_catalog.pg_index as i on i.indexrelid = c.oid and i.indrelid = %(table_oid)s::bigint::oid
join pg_catalog.pg_am as am on am.oid = c.relam
left join steward.index_bloat as known
    on known.index = pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
    and known.definition = pg_catalog.pg_get_indexdef(c.oid)
where n.nspname = %(schema)s
order by c.oid
