-- How far every running CREATE INDEX and REINDEX of this database is. A phase counts what it goes over: the sessions that it
-- waits for, the pages or the rows of the table.
-- Columns: pid, command, relation (the table), phase, done, total (sessions, pages or rows), percent
-- Minimum version: 13
with running as (
    select
        p.pid,
        p.command,
        p.relid,
        p.phase,
        case
            when p.phase like 'waiting for %%' then p.lockers_done
            when p.blocks_total > 0 then p.blocks_done
            when p.tuples_total > 0 then p.tuples_done
        end as done,
        case
            when p.phase like 'waiting for %%' then p.lockers_total
            when p.blocks_total > 0 then p.blocks_total
            when p.tuples_total > 0 then p.tuples_total
        end as total
    from pg_catalog.pg_stat_progress_create_index as p
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
