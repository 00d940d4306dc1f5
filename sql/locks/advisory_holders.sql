-- What it answers: which other sessions hold an advisory lock of ours in this database, and since when?
-- Columns: pid, application, client, age.
-- Minimum version: 13.
select
    held.pid,
    activity.application_name as application,
    coalesce(activity.client_addr::pg_catalog.text, 'local') as client,
    pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - activity.backend_start)::pg_catalog.text as age
from pg_catalog.pg_locks as held
left join pg_catalog.pg_stat_activity as activity on activity.pid = held.pid
where held.locktype = 'advisory'
    and held.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
    and held.objsubid = 1
    and ((held.classid::pg_catalog.int8 << 32) | held.objid::pg_catalog.int8) = %(key)s::pg_catalog.int8
    and held.granted
    and held.pid <> pg_catalog.pg_backend_pid()
group by held.pid, activity.application_name, activity.client_addr, activity.backend_start
order by held.pid
