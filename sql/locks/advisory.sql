-- Advisory locks of the run and of its lanes.
-- Minimum version: 13

-- name: try_exclusive
-- What it answers: was the advisory lock had for this session alone?
-- Columns: had.
select pg_catalog.pg_try_advisory_lock(%(key)s::pg_catalog.int8) as had;

-- name: release_exclusive
-- What it answers: did this session hold the advisory lock that it now gives back?
-- Columns: held.
select pg_catalog.pg_advisory_unlock(%(key)s::pg_catalog.int8) as held;

-- name: try_shared
-- What it answers: was the advisory lock had beside other sharers?
-- Columns: had.
select pg_catalog.pg_try_advisory_lock_shared(%(key)s::pg_catalog.int8) as had;

-- name: holders
-- What it answers: which other sessions hold an advisory lock of ours in this database, and since when?
-- Columns: pid, application, client, age.
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
order by held.pid;
