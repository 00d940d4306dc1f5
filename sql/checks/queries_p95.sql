-- What it answers: which of the application's statements are slower than they should be, by an estimate of the 95th percentile
-- since the last snapshot before this run, or since the statement was first counted? pg_stat_statements has no percentiles: mean
-- + 1.645 x standard deviation, which is the 95th of a normal distribution, and never more than the longest time.
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Parameters: p95 (milliseconds), minimum_calls, undecided (why statements cannot be read, or ''), required (whether that is a
-- fault); those of workload/statements/figures, which is {statements}; {earlier} is snapshots/history/before_this_run
-- Minimum version: 13.
with earlier as (
    {earlier}
),
seen as (
    {statements}
),
compared as (
    select
        seen.queryid,
        seen.toplevel,
        seen.max_time,
        known.taken_at,
        seen.calls - coalesce(known.calls, 0) as calls,
        seen.total_time - coalesce(known.total_time, 0) as total_time,
        seen.calls * (seen.stddev_time ^ 2 + seen.mean_time ^ 2)
            - coalesce(known.calls * (known.stddev_time ^ 2 + known.mean_time ^ 2), 0) as squares
    from seen
    left join earlier on true
    left join steward.statement_counters as known
        on known.taken_at = earlier.taken_at
            and known.queryid = seen.queryid
            and known.toplevel = seen.toplevel
            and known.calls <= seen.calls
            and known.total_time <= seen.total_time
),
measured as (
    select
        compared.*,
        compared.total_time / compared.calls as mean,
        pg_catalog.sqrt(greatest(compared.squares / compared.calls - (compared.total_time / compared.calls) ^ 2, 0)) as deviation
    from compared
    where compared.calls >= %(minimum_calls)s
),
estimated as (
    select measured.*, least(measured.mean + 1.645 * measured.deviation, greatest(measured.max_time, measured.mean)) as estimate
    from measured
)
select
    'statement' as object_type,
    e.queryid::text || case when e.toplevel then '' else ' (called by another)' end as object_name,
    pg_catalog.round(e.estimate::numeric, 1) || ' ms (estimated 95th percentile)' as observed,
    'under ' || %(p95)s || ' ms' as expected,
    e.calls || ' calls '
        || coalesce('since ' || pg_catalog.to_char(e.taken_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC', 'since it was first counted')
        || ', mean ' || pg_catalog.round(e.mean::numeric, 1) || ' ms, standard deviation '
        || pg_catalog.round(e.deviation::numeric, 1) || ' ms; an estimate: mean + 1.645 x deviation' as detail,
    'select query from pg_stat_statements where queryid = ' || e.queryid as remediation
from estimated as e
where e.estimate > %(p95)s::double precision
union all
select
    case when %(required)s::boolean then 'inconclusive' else 'not judged' end,
    pg_catalog.current_database()::text,
    'no statement can be read',
    'pg_stat_statements',
    %(undecided)s::text,
    'see docs/checks/queries.md'
where %(undecided)s::text <> ''
union all
select
    'not judged',
    pg_catalog.current_database()::text,
    'no statement called ' || %(minimum_calls)s || ' times',
    'one',
    'no statement of the application was called ' || %(minimum_calls)s || ' times since the last snapshot',
    'lower queries.minimum_calls if that is usual'
where %(undecided)s::text = ''
    and not exists (select from measured)
order by 1, 3 desc, 2
