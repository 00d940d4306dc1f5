-- Sessions by the number of their process.
-- Minimum version: 13

-- name: own_pid
-- What it answers: which server process serves this session? Behind a pooler not the one that the client was told of.
-- Columns: pid.
select pg_catalog.pg_backend_pid() as pid;

-- name: alive
-- What it answers: which of these sessions are still there?
-- Columns: pid.
-- Parameters: pids.
select activity.pid
from pg_catalog.pg_stat_activity as activity
where activity.pid = any (%(pids)s::pg_catalog.int4[])
order by activity.pid;

-- name: cancel
-- What it does: cancels the statement of a session that acts for this run.
-- Columns: cancelled.
select pg_catalog.pg_cancel_backend(%(pid)s) as cancelled;

-- name: terminate
-- What it does: terminates one session, unless its number has gone to another one meanwhile.
-- Columns: terminated.
-- Parameters: pid; since, when the session began.
select pg_catalog.pg_terminate_backend(activity.pid) as terminated
from pg_catalog.pg_stat_activity as activity
where activity.pid = %(pid)s and activity.backend_start = %(since)s;
