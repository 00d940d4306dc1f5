-- What it answers: where are connections about to run out: of the server, of a database with a limit, of a role with one?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: connections, the share that may be taken; {hidden_sessions} is activity/hidden_sessions
-- Minimum version: 13
with sessions as (
    select
        a.datid,
        a.usesysid,
        coalesce(nullif(a.application_name, ''), 'unnamed') as application,
        a.state
    from pg_catalog.pg_stat_activity as a
    where a.backend_type = 'client backend'
),
limits (object_type, object_name, datid, usesysid, most, remediation) as (
    select
        'server',
        'max_connections',
        null::oid,
        null::oid,
        -- What is kept for superusers, and from 16 on for pg_use_reserved_connections, is not the application's.
        pg_catalog.sum(case s.name when 'max_connections' then s.setting::integer else -s.setting::integer end),
        'pool connections, or raise max_connections and restart the server'
    from pg_catalog.pg_settings as s
    where s.name in ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
    union all
    select
        'database',
        d.datname::text,
        d.oid,
        null,
        d.datconnlimit,
        pg_catalog.format('pool connections, or alter database %%I connection limit', d.datname)
    from pg_catalog.pg_database as d
    where d.datconnlimit >= 0
    union all
    select
        'role',
        r.rolname::text,
        null,
        r.oid,
        r.rolconnlimit,
        pg_catalog.format('pool connections, or alter role %%I connection limit', r.rolname)
    from pg_catalog.pg_roles as r
    where r.rolconnlimit >= 0
)
select
    limits.object_type,
    limits.object_name,
    taken.sessions || ' of ' || limits.most || ' connections' as observed,
    'at most ' || pg_catalog.round(100 * %(connections)s::numeric) || ' %% of them' as expected,
    (
        select pg_catalog.string_agg(top.application || ' ' || top.sessions || ' (' || top.idle || ' idle)', ', ' order by top.sessions desc, top.application)
        from (
            select s.application, pg_catalog.count(*) as sessions, pg_catalog.count(*) filter (where s.state = 'idle') as idle
            from sessions as s
            where s.datid = coalesce(limits.datid, s.datid) and s.usesysid = coalesce(limits.usesysid, s.usesysid)
            group by s.application
            order by sessions desc, s.application
            limit 5
        ) as top
    ) as detail,
    limits.remediation
from limits
cross join lateral (
    select pg_catalog.count(*) as sessions
    from sessions as s
    where s.datid = coalesce(limits.datid, s.datid) and s.usesysid = coalesce(limits.usesysid, s.usesysid)
) as taken
where taken.sessions > limits.most * %(connections)s::numeric
union all
(
    {hidden_sessions}
)
order by object_type, object_name
