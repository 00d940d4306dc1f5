-- What it answers: have statements written more to temporary files than they may, since the last snapshot before this run? The
-- limit is for a day, or for the time since where that is shorter. Counters that have begun anew are counted from there.
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Parameters: temp_bytes; {earlier} is snapshots/history/before_this_run
-- Minimum version: 13.
with earlier as (
    {earlier}
),
compared as (
    select
        d.datname,
        earlier.taken_at,
        counted.same,
        d.temp_bytes - case when counted.same then earlier.temp_bytes else 0 end as bytes,
        d.temp_files - case when counted.same then earlier.temp_files else 0 end as files,
        greatest(1, extract(epoch from pg_catalog.now() - earlier.taken_at) / 86400)::numeric as days
    from pg_catalog.pg_stat_database as d
    left join earlier on true
    cross join lateral (select earlier.comparable and d.temp_bytes >= earlier.temp_bytes as same) as counted
    where d.datname = pg_catalog.current_database()
)
select
    case when c.taken_at is null then 'not judged' else 'database' end as object_type,
    c.datname::text as object_name,
    pg_catalog.pg_size_pretty(c.bytes) || ' in ' || c.files || ' temporary files' as observed,
    'at most ' || pg_catalog.pg_size_pretty((%(temp_bytes)s * c.days)::bigint) as expected,
    case
        when c.taken_at is null then 'there is no snapshot from before this run to compare with; the next run has one'
        else 'since ' || pg_catalog.to_char(c.taken_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'
            || case when c.same then '' else ', counted only since a crash or a reset' end
    end as detail,
    'find the statements by temp_blks_written of pg_stat_statements (log_temp_files names them as they come); then mend them, or '
        || 'raise work_mem for the role that runs them' as remediation
from compared as c
where c.taken_at is null or c.bytes > %(temp_bytes)s * c.days
order by 1, 2
