-- What it answers: which earlier runs died or failed and have not been made good? The run that goes on now is not one.
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Parameters: schedules, as in history_missed.
-- Minimum version: 13.
select
    'run' as object_type,
    l.maintenance_type || ' ' || coalesce(l.details ->> 'run_id', '#' || l.id) as object_name,
    coalesce(l.details ->> 'status', 'no status') || ', open since '
        || (pg_catalog.date_trunc('second', l.started_at) at time zone 'UTC')::text || ' UTC' as observed,
    'completed, or made good by a later run' as expected,
    coalesce(l.details ->> 'error', 'the row says nothing') as detail,
    'read run.json and the logs in the directory of this run; the next good run of the schedule completes the row' as remediation
from public.maintenance_log as l
join pg_catalog.jsonb_to_recordset(%(schedules)s::pg_catalog.jsonb) as s (maintenance_type text, "window" double precision)
    on s.maintenance_type = l.maintenance_type
where l.completed_at is null
    and (
        coalesce(l.details ->> 'status', '') <> 'running'
        -- Long past the end of its window (an hour for what was under way then), it is no run that goes on.
        or l.started_at < pg_catalog.now() - pg_catalog.make_interval(secs => s."window" + 3600)
    )
order by l.started_at, l.id
