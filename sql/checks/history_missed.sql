-- What it answers: which schedules have not run to their end for longer than they may? A schedule is expected from its
-- first row in the log on; runs that deferred everything, and those that a later run had to complete, do not count.
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Parameters: schedules, a JSON array of objects with maintenance_type, max_age, duration_limit, window (seconds or null).
-- Minimum version: 13.
with expected as (
    select *
    from pg_catalog.jsonb_to_recordset(%(schedules)s::pg_catalog.jsonb) as s (
        maintenance_type text, max_age double precision, duration_limit double precision, "window" double precision
    )
),
seen as (
    select
        l.maintenance_type,
        pg_catalog.min(l.started_at) as first,
        pg_catalog.max(l.started_at) filter (
            where l.completed_at is not null
                and coalesce(l.details ->> 'superseded_by', '') = ''
                and coalesce(l.details ->> 'status', '') <> 'deferred'
        ) as last
    from public.maintenance_log as l
    group by l.maintenance_type
)
select
    'schedule' as object_type,
    seen.maintenance_type::text as object_name,
    coalesce('last run to its end ' || (pg_catalog.date_trunc('second', seen.last) at time zone 'UTC')::text || ' UTC', 'never run to its end')
        as observed,
    'one in the last ' || pg_catalog.make_interval(secs => expected.max_age)::text as expected,
    'in the log since ' || (pg_catalog.date_trunc('second', seen.first) at time zone 'UTC')::text || ' UTC' as detail,
    'look at the job that starts it, and at its log' as remediation
from seen
join expected on expected.maintenance_type = seen.maintenance_type
where expected.max_age is not null
    and coalesce(seen.last, seen.first) < pg_catalog.now() - pg_catalog.make_interval(secs => expected.max_age)
order by seen.maintenance_type
