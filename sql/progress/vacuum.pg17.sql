-- How far every running VACUUM and autovacuum of this database is, its passes over the indexes included.
-- Columns: pid, command, relation, phase, done, total (pages, or indexes in the phases that go over them), percent
-- Minimum version: 17
with running as (
    select
        p.pid,
        case when a.backend_type = 'autovacuum worker' then 'AUTOVACUUM' else 'VACUUM' end as command,
        p.relid,
        p.phase,
        case
            when p.phase = 'scanning heap' then p.heap_blks_scanned
            when p.phase = 'vacuuming heap' then p.heap_blks_vacuumed
            when p.phase in ('vacuuming indexes', 'cleaning up indexes') then p.indexes_processed
        end as done,
        case
            when p.phase in ('scanning heap', 'vacuuming heap') then p.heap_blks_total
            when p.phase in ('vacuuming indexes', 'cleaning up indexes') then p.indexes_total
        end as total
    from pg_catalog.pg_stat_progress_vacuum as p
    left join pg_catalog.pg_stat_activity as a on a.pid = p.pid
    where p.datname = pg_catalog.current_database()
)
select
    r.pid,
    r.command,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as relation,
    r.phase,
    r.done,
    r.total,
    pg_catalog.round(100.0 * r.done / nullif(r.total, 0), 1)::double precision as percent
from running as r
join pg_catalog.pg_class as c on c.oid = r.relid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
order by r.pid
