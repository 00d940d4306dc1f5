-- What it does: terminates one session, unless its number has gone to another one meanwhile.
-- Columns: terminated.
-- Parameters: pid; since, when the session began.
-- Minimum version: 13.
select pg_catalog.pg_terminate_backend(activity.pid) as terminated
from pg_catalog.pg_stat_activity as activity
where activity.pid = %(pid)s and activity.backend_start = %(since)s
