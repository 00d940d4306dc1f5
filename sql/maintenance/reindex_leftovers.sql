-- What it answers: which indexes are left of a concurrent build that did not end? Invalid ones, named as the server names
-- them (a long name is cut before the ending), on which nothing works, whose table nobody has locked for itself, and beside
-- which a valid index does all they would do.
-- Columns: oid, schema, name, ident, table_oid, table_ident, size (bytes, by relpages), sibling
-- Parameters: those of inventory/included; table_oid, 0 for all
-- Minimum version: 13
with ours as (
    {ours}
),
locked as (
    -- pg_get_expr() would wait for these. A prepared transaction has no process.
    select l.relation as oid
    from pg_catalog.pg_locks as l
    where l.locktype = 'relation'
        and l.mode = 'AccessExclusiveLock'
        and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
        and l.pid is distinct from pg_catalog.pg_backend_pid()
)
select
    c.oid::bigint as oid,
    n.nspname::text as schema,
    c.relname::text as name,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident,
    t.oid::bigint as table_oid,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.relname) as table_ident,
    c.relpages::bigint * pg_catalog.current_setting('block_size')::bigint as size,
    sibling.name as sibling
from ours
join pg_catalog.pg_class as t on t.oid = ours.oid and t.oid not in (select locked.oid from locked)
join pg_catalog.pg_index as i on i.indrelid = t.oid and not i.indisvalid
join pg_catalog.pg_class as c on c.oid = i.indexrelid and c.relkind = 'i' and c.relname ~ '_cc(new|old)[0-9]*$'
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
cross join lateral (
    select pg_catalog.min(other.relname::text collate "C") as name
    from pg_catalog.pg_index as o
    join pg_catalog.pg_class as other on other.oid = o.indexrelid
    where o.indrelid = i.indrelid
        and o.indisvalid
        and other.relam = c.relam
        and o.indisunique = i.indisunique
        and o.indnatts = i.indnatts
        and o.indnkeyatts = i.indnkeyatts
        and o.indkey::text = i.indkey::text
        and o.indclass::text = i.indclass::text
        and o.indcollation::text = i.indcollation::text
        and o.indoption::text = i.indoption::text
        and pg_catalog.pg_get_expr(o.indexprs, o.indrelid) is not distinct from pg_catalog.pg_get_expr(i.indexprs, i.indrelid)
        and pg_catalog.pg_get_expr(o.indpred, o.indrelid) is not distinct from pg_catalog.pg_get_expr(i.indpred, i.indrelid)
) as sibling
where (%(table_oid)s::bigint = 0 or t.oid = %(table_oid)s::bigint::oid)
    and sibling.name is not null
    and not exists (
        select
        from pg_catalog.pg_stat_progress_create_index as p
        where p.relid = t.oid
    )
    and not exists (
        select
        from pg_catalog.pg_locks as l
        where l.locktype = 'relation'
            and l.relation = c.oid
            and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
            and l.pid is distinct from pg_catalog.pg_backend_pid()
            -- Whoever only reads or writes the table has these on all of its indexes.
            and l.mode not in ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
    )
    and not exists (
        select
        from pg_catalog.pg_constraint as x
        where x.conindid = c.oid
    )
order by c.relpages desc, n.nspname collate "C", c.relname collate "C"
