-- What it answers: have there been more deadlocks than there may be, since the last snapshot before this run? The limit is for a
-- day, or for the time since where that is shorter. Counters that have begun anew are counted from there.
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Parameters: deadlocks; {earlier} is snapshots/history/before_this_run
-- Minimum version: 13.
with earlier as (
    {earlier}
),
compared as (
    select
        d.datname,
        earlier.taken_at,
        counted.same,
        d.deadlocks - case when counted.same then earlier.deadlocks else 0 end as deadlocks,
        greatest(1, extract(epoch from pg_catalog.now() - earlier.taken_at) / 86400)::numeric as days
    from pg_catalog.pg_stat_database as d
    left join earlier on true
    cross join lateral (select earlier.comparable and d.deadlocks >= earlier.deadlocks as same) as counted
    where d.datname = pg_catalog.current_database()
)
select
    case when c.taken_at is null then 'not judged' else 'database' end as object_type,
    c.datname::text as object_name,
    c.deadlocks || ' deadlocks' as observed,
    'at most ' || pg_catalog.trunc(%(deadlocks)s * c.days) as expected,
    case
        when c.taken_at is null then 'there is no snapshot from before this run to compare with; the next run has one'
        else 'since ' || pg_catalog.to_char(c.taken_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'
            || case when c.same then '' else ', counted only since a crash or a reset' end
    end as detail,
    'the server''s log names both sides of each; let all transactions lock in the same order' as remediation
from compared as c
where c.taken_at is null or c.deadlocks > pg_catalog.trunc(%(deadlocks)s * c.days)
order by 1, 2
