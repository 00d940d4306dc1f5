-- What it answers: in which tables is the share of dead rows above what maintenance leaves, and who holds them? A table
-- that was vacuumed once and of which nothing is counted any more (statistics do not survive a crash) is told as such.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: dead_ratio, minimum_dead_rows; those of inventory/included; {ours} is inventory/included; {holders} is activity/horizon_holders
-- Minimum version: 13
with ours as (
    {ours}
),
holders as materialized (
    {holders}
),
oldest as (
    select h.holder || coalesce(' for ' || pg_catalog.date_trunc('second', h.age)::text, '') as holder, h.xids, h.remedy
    from holders as h
    where not h.catalogs_only
    order by h.xids desc nulls last, h.holder
    limit 1
),
counted as (
    select
        c.oid,
        c.relpages,
        c.reltuples,
        case c.relkind when 'm' then 'materialized view' else 'table' end as object_type,
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident,
        pg_catalog.pg_stat_get_live_tuples(c.oid) as live,
        pg_catalog.pg_stat_get_dead_tuples(c.oid) as dead,
        pg_catalog.pg_stat_get_mod_since_analyze(c.oid) + pg_catalog.pg_stat_get_ins_since_vacuum(c.oid) as changed,
        greatest(pg_catalog.pg_stat_get_last_vacuum_time(c.oid), pg_catalog.pg_stat_get_last_autovacuum_time(c.oid)) as vacuumed,
        greatest(pg_catalog.pg_stat_get_last_analyze_time(c.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid)) as analyzed
    from ours
    join pg_catalog.pg_class as c on c.oid = ours.oid and c.relkind in ('r', 'm')
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
)
select
    counted.object_type,
    counted.ident as object_name,
    counted.dead || ' dead rows beside ' || counted.live || ' live ones ('
        || pg_catalog.round(100.0 * counted.dead / (counted.live + counted.dead), 1) || ' %%)' as observed,
    'at most ' || pg_catalog.round(100 * %(dead_ratio)s::numeric, 1) || ' %%, or ' || %(minimum_dead_rows)s::bigint || ' rows' as expected,
    'last vacuum ' || coalesce((pg_catalog.date_trunc('second', counted.vacuumed) at time zone 'UTC')::text || ' UTC', 'never')
        || '; ' || coalesce(oldest.holder || ' may hold them back', 'nobody is seen to hold them back') as detail,
    coalesce(oldest.remedy || '; then ', '') || 'run the daily maintenance, or: vacuum ' || counted.ident as remediation
from counted
left join oldest on true
where counted.dead > %(minimum_dead_rows)s::bigint
    and counted.dead > %(dead_ratio)s::numeric * (counted.live + counted.dead)
union all
select
    counted.object_type,
    counted.ident,
    'nothing is counted of its ' || counted.relpages || ' pages',
    'counters of live and dead rows',
    'statistics were reset, or lost in a crash of the server: its dead rows are unknown',
    'run the daily maintenance, or: vacuum (analyze) ' || counted.ident
from counted
where counted.relpages > 0
    and counted.reltuples >= 0
    and counted.live + counted.dead + counted.changed = 0
    and counted.vacuumed is null
    and counted.analyzed is null
order by object_name
