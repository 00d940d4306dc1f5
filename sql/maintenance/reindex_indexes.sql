-- What it answers: which valid indexes of tables, leaves and materialized views are large, and what is known of each?
-- Exclusion constraints are left out, since they cannot be rebuilt concurrently, and so are TOAST tables, whose schema only a superuser enters.
-- A statistical estimate is made only where it holds: keys that cannot be deduplicated, of columns that have statistics.
-- It follows the page layout of the server's nbtree README: 8 bytes before a tuple and 4 of its line pointer, 40 bytes of
-- a page that hold none, and about a hundredth for the inner pages.
-- Columns: examined, the number of all of them (one row, its other columns NULL, where none is large); oid, file, schema,
-- name, ident, table_oid, table_ident, tablespace (0: the database's own), method, size (bytes; by relpages where somebody has it
-- exclusively), rows (-1: unknown), estimate (bytes that it needs), scans, counted_days (how long they have been counted),
-- stale (the table changed since it was analyzed); of the last measuring, where one is remembered: known_size, known_bloat,
-- known_ratio (bytes a row), known_days, rebuilt, unchanged (no row came or went since)
-- Parameters: those of inventory/included; size, bytes that are large
-- Minimum version: 13
with ours as (
    {ours}
),
locked as (
    select l.relation as oid
    from pg_catalog.pg_locks as l
    where l.locktype = 'relation'
        and l.mode = 'AccessExclusiveLock'
        and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
        -- A prepared transaction has no process.
        and l.pid is distinct from pg_catalog.pg_backend_pid()
),
sized as (
    select
        c.oid,
        i.indrelid,
        coalesce(
            case when c.oid not in (select locked.oid from locked) then pg_catalog.pg_relation_size(c.oid) end,
            c.relpages::bigint * pg_catalog.current_setting('block_size')::bigint
        ) as size
    from ours
    join pg_catalog.pg_class as t on t.oid = ours.oid and t.relkind in ('r', 'm')
    join pg_catalog.pg_index as i on i.indrelid = t.oid and i.indisvalid and i.indisready and i.indislive
    join pg_catalog.pg_class as c on c.oid = i.indexrelid
    where not i.indisexclusion
),
large as materialized (
    select
        s.oid,
        pg_catalog.pg_relation_filenode(s.oid) as file,
        n.nspname,
        c.relname,
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident,
        s.indrelid,
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.relname) as table_ident,
        t.relname as table_name,
        c.reltablespace,
        am.amname,
        s.size,
        c.reltuples,
        i.indkey,
        am.amname = 'btree'
            and i.indexprs is null
            and (
                i.indisunique
                or i.indnatts > i.indnkeyatts
                or 'deduplicate_items=off' = any (coalesce(c.reloptions, array[]::text[]))
            ) as plain_keys,
        coalesce(
            (
                select o.option_value::integer
                from pg_catalog.pg_options_to_table(c.reloptions) as o
                where o.option_name = 'fillfactor'
            ),
            90
        ) as fillfactor,
        pg_catalog.pg_stat_get_tuples_inserted(t.oid)
            + pg_catalog.pg_stat_get_tuples_updated(t.oid)
            + pg_catalog.pg_stat_get_tuples_deleted(t.oid) as changes,
        -- As the server's own trigger for ANALYZE: more than its default share.
        pg_catalog.pg_stat_get_mod_since_analyze(t.oid) > 50 + 0.1 * greatest(t.reltuples, 0) as stale
    from sized as s
    join pg_catalog.pg_class as c on c.oid = s.oid
    join pg_catalog.pg_index as i on i.indexrelid = s.oid
    join pg_catalog.pg_class as t on t.oid = s.indrelid
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    join pg_catalog.pg_am as am on am.oid = c.relam
    where s.size > %(size)s::bigint
),
widths as (
    select
        l.oid,
        pg_catalog.sum((1 - st.null_frac) * st.avg_width) as width,
        pg_catalog.bool_or(st.null_frac > 0) as with_nulls,
        pg_catalog.count(st.attname) = pg_catalog.count(*) as complete
    from large as l
    cross join lateral pg_catalog.unnest(l.indkey::smallint[]) as k (attnum)
    join pg_catalog.pg_attribute as a on a.attrelid = l.indrelid and a.attnum = k.attnum
    left join pg_catalog.pg_stats as st
        on st.schemaname = l.nspname and st.tablename = l.table_name and st.attname = a.attname and not st.inherited
    where l.plain_keys
    group by l.oid
)
select
    counted.examined,
    l.oid::bigint as oid,
    l.file::bigint as file,
    l.nspname::text as schema,
    l.relname::text as name,
    l.ident,
    l.indrelid::bigint as table_oid,
    l.table_ident,
    l.reltablespace::bigint as tablespace,
    l.amname::text as method,
    l.size,
    l.reltuples::bigint as rows,
    case
        when w.complete and l.reltuples > 0 then (
            1.01 * l.reltuples * (
                8 * pg_catalog.ceil((8 + w.width + case when w.with_nulls then 8 else 0 end) / 8) + 4
            ) * 100 / l.fillfactor
            * b.size / (b.size - 40)
        )::bigint
    end as estimate,
    pg_catalog.pg_stat_get_numscans(l.oid) as scans,
    coalesce(
        extract(epoch from pg_catalog.now() - greatest(
            pg_catalog.pg_stat_get_db_stat_reset_time(
                (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
            ),
            pg_catalog.pg_stat_get_bgwriter_stat_reset_time()
        )) / 86400,
        0
    )::double precision as counted_days,
    l.stale,
    known.size as known_size,
    known.bloat as known_bloat,
    known.ratio as known_ratio,
    (extract(epoch from pg_catalog.now() - known.measured_at) / 86400)::double precision as known_days,
    known.rebuilt,
    known.changes = l.changes as unchanged
from (select pg_catalog.count(*) as examined from sized) as counted
cross join (select pg_catalog.current_setting('block_size')::bigint as size) as b
left join large as l on true
left join widths as w on w.oid = l.oid
left join steward.index_bloat as known
    on known.index = l.ident and known.definition = pg_catalog.pg_get_indexdef(l.oid)
order by l.size desc, l.ident collate "C"
