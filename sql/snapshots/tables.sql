-- What it does: records the counters of every included table and materialized view, those of a family's leaves added up:
-- ten thousand leaves are one row.
-- Parameters: those of inventory/included; {ours} is inventory/included
-- Minimum version: 13
with ours as (
    {ours}
)
insert into steward.table_counters (
    relation, taken_at, leaves, sequential_scans, inserted_rows, updated_rows, deleted_rows, live_rows, dead_rows,
    modified_since_analyze
)
select
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(root.relname),
    pg_catalog.now(),
    pg_catalog.count(*),
    pg_catalog.sum(pg_catalog.pg_stat_get_numscans(c.oid)),
    pg_catalog.sum(pg_catalog.pg_stat_get_tuples_inserted(c.oid)),
    pg_catalog.sum(pg_catalog.pg_stat_get_tuples_updated(c.oid)),
    pg_catalog.sum(pg_catalog.pg_stat_get_tuples_deleted(c.oid)),
    pg_catalog.sum(pg_catalog.pg_stat_get_live_tuples(c.oid)),
    pg_catalog.sum(pg_catalog.pg_stat_get_dead_tuples(c.oid)),
    pg_catalog.sum(pg_catalog.pg_stat_get_mod_since_analyze(c.oid))
from ours
join pg_catalog.pg_class as c on c.oid = ours.oid and c.relkind in ('r', 'm')
join pg_catalog.pg_class as root on root.oid = ours.root
join pg_catalog.pg_namespace as n on n.oid = root.relnamespace
group by n.nspname, root.relname
