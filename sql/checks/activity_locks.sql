-- What it answers: who makes other sessions of this database wait for a lock for longer than they may? One row for each
-- who waits for nobody, with those that wait for it, directly or behind each other.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: lock_wait, an interval; {waits} is activity/lock_waits; {hidden_sessions} is activity/hidden_sessions
-- Minimum version: 13
with recursive waits as materialized (
    {waits}
),
edges as materialized (
    select distinct w.pid, blocker.pid as blocker
    from waits as w
    cross join lateral pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) as blocker (pid)
),
chains as (
    select edges.pid, edges.blocker
    from edges
    union
    select chains.pid, edges.blocker
    from chains
    join edges on edges.pid = chains.blocker
),
waiters as (
    select
        chains.blocker as root,
        pg_catalog.row_number() over (partition by chains.blocker order by w.since, w.pid) as place,
        pg_catalog.clock_timestamp() - w.since as age,
        w.application || ', pid ' || w.pid || ' (' || w.wanted || ') behind ' || direct.pids as told
    from chains
    join waits as w on w.pid = chains.pid
    cross join lateral (
        select pg_catalog.string_agg(case edges.blocker when 0 then 'a prepared transaction' else 'pid ' || edges.blocker end, ' and ' order by edges.blocker)
        from edges
        where edges.pid = chains.pid
    ) as direct (pids)
    where not exists (select from edges where edges.pid = chains.blocker)
),
roots as (
    select
        waiters.root,
        pg_catalog.count(*) as sessions,
        pg_catalog.max(waiters.age) as longest,
        pg_catalog.string_agg(waiters.told, '; ' order by waiters.place) filter (where waiters.place <= 5) as told
    from waiters
    group by waiters.root
)
select
    'session' as object_type,
    case roots.root
        when 0 then 'a prepared transaction'
        else coalesce(nullif(a.application_name, ''), 'unnamed') || ', pid ' || roots.root
    end as object_name,
    coalesce(a.state, 'prepared') || ', blocks ' || roots.sessions || case roots.sessions when 1 then ' session' else ' sessions' end
        || ', the longest for ' || pg_catalog.date_trunc('second', roots.longest)::text as observed,
    'nobody waits for a lock longer than ' || %(lock_wait)s::interval as expected,
    coalesce(
        'role ' || a.usename || ', transaction open for ' || pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start)::text || '; ',
        ''
    ) || 'waiting: ' || roots.told || case when roots.sessions > 5 then '; and ' || roots.sessions - 5 || ' more' else '' end as detail,
    case
        when roots.root = 0 then 'find it in pg_prepared_xacts, and commit or roll it back'
        when a.state = 'active' then 'select pg_catalog.pg_cancel_backend(' || roots.root || ')'
        else 'select pg_catalog.pg_terminate_backend(' || roots.root || ')'
    end as remediation
from roots
left join pg_catalog.pg_stat_activity as a on a.pid = roots.root
where roots.longest > %(lock_wait)s::interval
union all
(
    {hidden_sessions}
)
order by object_name
