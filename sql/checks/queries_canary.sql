-- What it answers: did the canary, which reads as the application does while a run acts, read slower than it should? Measured, by
-- the last run that had enough reads to judge.
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Parameters: p95 (milliseconds), minimum_calls.
-- Minimum version: 13.
with last as (
    select
        l.maintenance_type || ' ' || coalesce(l.details ->> 'run_id', '#' || l.id) as run,
        (l.details -> 'canary' ->> 'reads')::bigint as reads,
        (l.details -> 'canary' ->> 'p95_ms')::numeric as p95,
        (l.details -> 'canary' ->> 'max_ms')::numeric as slowest,
        l.details -> 'canary' ->> 'relation' as relation
    from public.maintenance_log as l
    where l.maintenance_type = any (array['daily_maintenance', 'weekly_maintenance', 'monthly_maintenance'])
        and l.details -> 'canary' ->> 'p95_ms' is not null
        and (l.details -> 'canary' ->> 'reads')::bigint >= %(minimum_calls)s
    order by l.started_at desc, l.id desc
    limit 1
)
select
    'canary' as object_type,
    last.run as object_name,
    last.p95 || ' ms (measured 95th percentile)' as observed,
    'under ' || %(p95)s || ' ms' as expected,
    last.reads || ' reads; the slowest took ' || last.slowest || ' ms, of ' || coalesce(last.relation, 'no relation') as detail,
    'see which item ran at that moment in the run''s report; lower run.workers, or move the run to a quieter hour' as remediation
from last
where last.p95 > %(p95)s
union all
select
    'not judged', 'canary', 'no run', 'a run with ' || %(minimum_calls)s || ' reads',
    'no run of the log has as many reads of the canary', 'nothing to do: a run that acts for longer is judged'
where not exists (select from last)
order by object_name
