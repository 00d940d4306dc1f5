-- What it answers: were the application's statements as quick as they should be, by the durations that the server has logged?
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Parameters: p95 (milliseconds), minimum_calls, undecided (why the log tells nothing, or ''); those of {durations}, which is
-- workload/log/durations or workload/log/no_durations
-- Minimum version: 13.
with durations as (
    {durations}
),
judged as (
    select
        pg_catalog.count(*) as calls,
        pg_catalog.percentile_disc(0.95) within group (order by durations.ms) as p95,
        pg_catalog.max(durations.ms) as slowest
    from durations
)
select
    'database' as object_type,
    pg_catalog.current_database()::text as object_name,
    pg_catalog.round(judged.p95::numeric, 1) || ' ms (measured 95th percentile)' as observed,
    'under ' || %(p95)s || ' ms' as expected,
    judged.calls || ' statements at the end of the server''s log; the slowest took ' || pg_catalog.round(judged.slowest::numeric, 1)
        || ' ms' as detail,
    'look at the statements that test_p95 names, or at the slowest ones in the log' as remediation
from judged
where judged.calls >= %(minimum_calls)s and judged.p95 > %(p95)s::double precision
union all
select
    'not judged',
    pg_catalog.current_database()::text,
    judged.calls || ' statements',
    %(minimum_calls)s || ' statements with their durations',
    coalesce(nullif(%(undecided)s::text, ''), judged.calls || ' statements of the application at the end of the server''s log'),
    'see docs/checks/queries.md'
from judged
where judged.calls < %(minimum_calls)s
order by object_name
