-- Which sessions of this database wait for a lock, since when, and for which.
-- Columns: pid, application, since, wanted
-- Minimum version: 14
select
    a.pid,
    coalesce(nullif(a.application_name, ''), 'unnamed') as application,
    -- For a moment after it has begun a wait has no start yet.
    coalesce(l.waitstart, pg_catalog.clock_timestamp()) as since,
    l.mode || ' on ' || coalesce(pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), l.locktype) as wanted
from pg_catalog.pg_locks as l
join pg_catalog.pg_stat_activity as a on a.pid = l.pid
left join pg_catalog.pg_class as c on c.oid = l.relation
left join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where not l.granted
    and a.datname = pg_catalog.current_database()
order by a.pid
