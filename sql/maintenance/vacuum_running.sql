-- What it answers: who else is vacuuming this table?
-- Columns: pid, application, age
-- Parameters: oid
-- Minimum version: 13
select
    p.pid,
    coalesce(nullif(a.application_name, ''), a.backend_type, 'unnamed') as application,
    pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start)::text as age
from pg_catalog.pg_stat_progress_vacuum as p
left join pg_catalog.pg_stat_activity as a on a.pid = p.pid
where p.datname = pg_catalog.current_database()
    and p.relid = %(oid)s::bigint::oid
    and p.pid <> pg_catalog.pg_backend_pid()
order by p.pid
