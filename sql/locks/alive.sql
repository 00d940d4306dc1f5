-- What it answers: which of these sessions are still there?
-- Columns: pid.
-- Parameters: pids.
-- Minimum version: 13.
select activity.pid
from pg_catalog.pg_stat_activity as activity
where activity.pid = any (%(pids)s::pg_catalog.int4[])
order by activity.pid
