-- What it answers: which other sessions of the maintenance hold a snapshot from before a horizon? Vacuums hold nobody back.
-- Columns: pid
-- Parameters: horizon
-- Minimum version: 13
select a.pid
from pg_catalog.pg_stat_activity as a
where a.datname = pg_catalog.current_database()
    and a.application_name = pg_catalog.current_setting('application_name')
    and a.pid <> pg_catalog.pg_backend_pid()
    and pg_catalog.age(a.backend_xmin) > pg_catalog.age(pg_catalog.xid(%(horizon)s::pg_catalog.xid8))
    and a.pid not in (select p.pid from pg_catalog.pg_stat_progress_vacuum as p)
order by a.pid
