-- How far every running ANALYZE of this database is.
-- Columns: pid, command, relation, phase, done, total (pages of the sample), percent
-- Minimum version: 13
select
    p.pid,
    'ANALYZE'::text as command,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as relation,
    p.phase,
    p.sample_blks_scanned as done,
    p.sample_blks_total as total,
    pg_catalog.round(100.0 * p.sample_blks_scanned / nullif(p.sample_blks_total, 0), 1)::double precision as percent
from pg_catalog.pg_stat_progress_analyze as p
join pg_catalog.pg_class as c on c.oid = p.relid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where p.datname = pg_catalog.current_database()
order by p.pid
