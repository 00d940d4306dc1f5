-- What it answers: which sessions have been in a transaction for longer than they may, or idle in one? The suite's own
-- are not asked, nor are vacuums by the server, which hold nobody back. Statements are not told: they may quote a row.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: transaction_age, idle_age (intervals); own, the suite's application_name; {hidden_sessions} is activity/hidden_sessions
-- Minimum version: 13
with sessions as (
    select
        a.pid,
        coalesce(nullif(a.application_name, ''), 'unnamed') as application,
        a.usename,
        a.state,
        case when a.state like 'idle in transaction%%' then pg_catalog.clock_timestamp() - a.state_change end as idle,
        -- A failed transaction has no start any more.
        pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.state_change) as age,
        greatest(pg_catalog.age(a.backend_xmin), pg_catalog.age(a.backend_xid)) as xids
    from pg_catalog.pg_stat_activity as a
    where a.datname = pg_catalog.current_database()
        and (a.xact_start is not null or a.state like 'idle in transaction%%')
        and a.pid <> pg_catalog.pg_backend_pid()
        and a.backend_type not in ('autovacuum launcher', 'autovacuum worker', 'parallel worker')
        and not (a.application_name = %(own)s and a.usename = session_user)
)
select
    'session' as object_type,
    s.application || ', pid ' || s.pid as object_name,
    coalesce(s.state, 'in a transaction') || ' for ' || pg_catalog.date_trunc('second', coalesce(s.idle, s.age))::text as observed,
    case
        when s.idle > %(idle_age)s::interval then 'idle in a transaction for at most ' || %(idle_age)s::interval
        else 'a transaction of at most ' || %(transaction_age)s::interval
    end as expected,
    'role ' || coalesce(s.usename::text, 'none') || ', transaction open for ' || pg_catalog.date_trunc('second', s.age)::text
        || coalesce(', holds back rows of the last ' || s.xids || ' transactions', '') as detail,
    case when s.idle is null then 'select pg_catalog.pg_cancel_backend(' else 'select pg_catalog.pg_terminate_backend(' end
        || s.pid || '), and mend what left it open' as remediation
from sessions as s
where s.idle > %(idle_age)s::interval
    or s.age > %(transaction_age)s::interval
union all
(
    {hidden_sessions}
)
order by object_name
