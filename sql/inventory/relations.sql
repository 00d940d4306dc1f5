-- Every table, partitioned table and materialized view, with the figures that actions decide by.
-- Sizes are bytes; a relation that somebody holds (or awaits) ACCESS EXCLUSIVE has them estimated from relpages, because
-- the size functions would wait for that lock. row_estimate is -1 while nothing has counted. Ages are those of the older
-- one of the table and its TOAST table.
-- Columns: the fields of steward.database.inventory.Relation
-- Parameters: those of inventory/included; {frozen_pages} is inventory/frozen_pages
-- Minimum version: 13
with ours as (
    {ours}
),
locked as (
    select distinct coalesce(i.indrelid, l.relation) as oid
    from pg_catalog.pg_locks as l
    left join pg_catalog.pg_index as i on i.indexrelid = l.relation
    where l.locktype = 'relation'
        and l.mode = 'AccessExclusiveLock'
        and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
        and l.pid is distinct from pg_catalog.pg_backend_pid()
),
running as (
    select distinct p.relid as oid
    from pg_catalog.pg_stat_progress_vacuum as p
    where p.datname = pg_catalog.current_database()
),
frozen as (
    {frozen_pages}
),
measured as (
    select
        c.oid,
        c.oid in (select locked.oid from locked) or c.reltoastrelid in (select locked.oid from locked) as is_locked,
        (c.relpages + coalesce(toast.relpages, 0))::bigint
            * pg_catalog.current_setting('block_size')::bigint as estimated_size,
        toast.reloptions as toast_reloptions,
        -- A partitioned table has no rows of its own and so no age: its zero must not read as the oldest age there is.
        case when c.relfrozenxid <> '0'::xid then pg_catalog.age(c.relfrozenxid) else 0 end as table_age,
        case when toast.relfrozenxid <> '0'::xid then pg_catalog.age(toast.relfrozenxid) else 0 end as toast_age,
        case when c.relminmxid <> '0'::xid then pg_catalog.mxid_age(c.relminmxid) else 0 end as table_mxid_age,
        case when toast.relminmxid <> '0'::xid then pg_catalog.mxid_age(toast.relminmxid) else 0 end as toast_mxid_age
    from ours
    join pg_catalog.pg_class as c on c.oid = ours.oid
    left join pg_catalog.pg_class as toast on toast.oid = c.reltoastrelid
)
select
    c.oid::bigint as oid,
    n.nspname::text as schema,
    c.relname::text as name,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident,
    c.relkind::text as kind,
    pg_catalog.pg_get_userbyid(c.relowner)::text as owner,
    pg_catalog.quote_ident(top_schema.nspname) || '.' || pg_catalog.quote_ident(top.relname) as root,
    c.relispartition as is_partition,
    ours.level,
    c.relpages as pages,
    c.reltuples::bigint as row_estimate,
    pg_catalog.pg_stat_get_live_tuples(c.oid) as live_rows,
    pg_catalog.pg_stat_get_dead_tuples(c.oid) as dead_rows,
    pg_catalog.pg_stat_get_mod_since_analyze(c.oid) as modified_since_analyze,
    pg_catalog.pg_stat_get_ins_since_vacuum(c.oid) as inserted_since_vacuum,
    coalesce(case when not measured.is_locked then pg_catalog.pg_relation_size(c.oid) end, measured.estimated_size) as size,
    coalesce(case when not measured.is_locked then pg_catalog.pg_total_relation_size(c.oid) end, measured.estimated_size) as total_size,
    coalesce(
        (select pg_catalog.jsonb_object_agg(o.option_name, o.option_value) from pg_catalog.pg_options_to_table(c.reloptions) as o),
        pg_catalog.jsonb_build_object()
    ) as options,
    coalesce(
        (select pg_catalog.jsonb_object_agg(o.option_name, o.option_value) from pg_catalog.pg_options_to_table(measured.toast_reloptions) as o),
        pg_catalog.jsonb_build_object()
    ) as toast_options,
    greatest(measured.table_age, measured.toast_age) as xid_age,
    greatest(measured.table_mxid_age, measured.toast_mxid_age) as mxid_age,
    c.relallvisible as all_visible_pages,
    frozen.pages as all_frozen_pages,
    pg_catalog.to_char(
        greatest(pg_catalog.pg_stat_get_last_vacuum_time(c.oid), pg_catalog.pg_stat_get_last_autovacuum_time(c.oid)) at time zone 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
    ) as last_vacuum,
    pg_catalog.to_char(
        greatest(pg_catalog.pg_stat_get_last_analyze_time(c.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid)) at time zone 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
    ) as last_analyze,
    c.oid in (select running.oid from running) or c.reltoastrelid in (select running.oid from running) as vacuum_running
from ours
join measured on measured.oid = ours.oid
join pg_catalog.pg_class as c on c.oid = ours.oid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_class as top on top.oid = ours.root
join pg_catalog.pg_namespace as top_schema on top_schema.oid = top.relnamespace
left join frozen on frozen.oid = c.oid
where c.relkind in ('r', 'p', 'm')
order by n.nspname collate "C", c.relname collate "C"
