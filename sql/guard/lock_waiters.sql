-- What it answers: how many sessions of applications wait for a lock because of each other, and not because of us?
-- Who is blocked by the run's own sessions alone, or stands in a queue behind one of them, is let go within the lock budget and
-- is no load. A prepared transaction blocks as process 0, which is nobody of ours.
-- Parameters: ignored, application names; ours, the pids of the run's sessions.
-- Columns: waiters.
-- Minimum version: 13.
with recursive waiting as materialized (
    select activity.pid, blocker.pid as blocker
    from pg_catalog.pg_stat_activity as activity
    cross join lateral pg_catalog.unnest(pg_catalog.pg_blocking_pids(activity.pid)) as blocker (pid)
    where activity.wait_event_type = 'Lock'
        and activity.wait_event <> 'advisory'
        and activity.backend_type = 'client backend'
        and activity.application_name <> all (%(ignored)s::pg_catalog.text[])
        and activity.pid <> all (%(ours)s::pg_catalog.int4[])
),
stalled as (
    select waiting.pid
    from waiting
    where waiting.blocker <> all (%(ours)s::pg_catalog.int4[])
        and waiting.blocker not in (select other.pid from waiting as other)
    union
    select waiting.pid
    from stalled
    join waiting on waiting.blocker = stalled.pid
)
select pg_catalog.count(*) as waiters
from stalled
