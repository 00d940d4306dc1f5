-- What it answers: which schedules' last run took longer than it may, or does so now?
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Parameters: schedules, as in history_missed.
-- Minimum version: 13.
with last as (
    select distinct on (l.maintenance_type)
        l.maintenance_type,
        l.started_at,
        l.completed_at,
        l.details,
        coalesce(l.completed_at, pg_catalog.now()) - l.started_at as took
    from public.maintenance_log as l
    where coalesce(l.details ->> 'superseded_by', '') = ''
        and (l.completed_at is not null or l.details ->> 'status' = 'running')
    order by l.maintenance_type, l.started_at desc, l.id desc
)
select
    'run' as object_type,
    last.maintenance_type || coalesce(' ' || (last.details ->> 'run_id'), '') as object_name,
    pg_catalog.date_trunc('second', last.took)::text || case when last.completed_at is null then ' so far' else '' end as observed,
    'at most ' || pg_catalog.make_interval(secs => s.duration_limit)::text as expected,
    'began ' || (pg_catalog.date_trunc('second', last.started_at) at time zone 'UTC')::text || ' UTC' as detail,
    'see in its report which items took longest; then raise run.workers, or duration_limit of the schedule' as remediation
from last
join pg_catalog.jsonb_to_recordset(%(schedules)s::pg_catalog.jsonb) as s (maintenance_type text, duration_limit double precision)
    on s.maintenance_type = last.maintenance_type
where last.took > pg_catalog.make_interval(secs => s.duration_limit)
order by last.maintenance_type
