-- Which sessions of this database wait for a lock, since when, and for which: before 14 the start of the statement stands
-- for that of the wait, which cannot have begun earlier.
-- Columns: pid, application, since, wanted
-- Minimum version: 13
select
    a.pid,
    coalesce(nullif(a.application_name, ''), 'unnamed') as application,
    a.query_start as since,
    l.mode || ' on ' || coalesce(pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), l.locktype) as wanted
from pg_catalog.pg_locks as l
join pg_catalog.pg_stat_activity as a on a.pid = l.pid
left join pg_catalog.pg_class as c on c.oid = l.relation
left join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where not l.granted
    and a.datname = pg_catalog.current_database()
order by a.pid
