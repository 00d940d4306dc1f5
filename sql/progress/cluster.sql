-- How far every running CLUSTER and VACUUM FULL of this database is.
-- Columns: pid, command, relation, phase, done, total (pages read of the old table; none while rows are sorted or written), percent
-- Minimum version: 13
select
    p.pid,
    p.command,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as relation,
    p.phase,
    case when p.heap_blks_total > 0 then p.heap_blks_scanned end as done,
    nullif(p.heap_blks_total, 0) as total,
    pg_catalog.round(100.0 * p.heap_blks_scanned / nullif(p.heap_blks_total, 0), 1)::double precision as percent
from pg_catalog.pg_stat_progress_cluster as p
join pg_catalog.pg_class as c on c.oid = p.relid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where p.datname = pg_catalog.current_database()
order by p.pid
