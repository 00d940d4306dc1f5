-- What it answers: who holds the lock that a session waits for at this moment, and may this session terminate them? Those
-- that only wait in front of it are left out, because whoever holds the lock keeps them waiting, too.
-- Columns: pid, 0 for a prepared transaction; since, when the session began; application; state; age of its transaction;
-- spared, why it is not to be terminated, or NULL.
-- Parameters: pid, of the session that waits.
-- Minimum version: 13.
with waited as (
    select locktype, database, relation, virtualxid, transactionid, classid, objid, objsubid
    from pg_catalog.pg_locks
    where pid = %(pid)s and not granted
),
blocking as (
    select distinct found.pid
    from pg_catalog.unnest(pg_catalog.pg_blocking_pids(%(pid)s)) as found (pid)
    where not exists (
        select
        from pg_catalog.pg_locks as queued
        join waited
            on (queued.locktype, queued.database, queued.relation, queued.virtualxid)
                is not distinct from (waited.locktype, waited.database, waited.relation, waited.virtualxid)
            and queued.transactionid::pg_catalog.text is not distinct from waited.transactionid::pg_catalog.text
            and (queued.classid, queued.objid, queued.objsubid)
                is not distinct from (waited.classid, waited.objid, waited.objsubid)
        where queued.pid = found.pid and not queued.granted
    )
)
select
    blocking.pid,
    activity.backend_start as since,
    coalesce(nullif(activity.application_name, ''), 'unnamed') as application,
    coalesce(activity.state, activity.backend_type, 'unknown') as state,
    pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - activity.xact_start)::pg_catalog.text as age,
    case
        when blocking.pid = 0 then 'a prepared transaction ends by commit prepared or rollback prepared only'
        when activity.backend_type is null then 'what it is cannot be seen; grant pg_monitor to ' || current_user
        when activity.backend_type <> 'client backend' then 'it is no client but: ' || activity.backend_type
        when activity.application_name = pg_catalog.current_setting('application_name')
            then 'it belongs to the maintenance itself'
        when owner.rolsuper and not own.rolsuper then 'it is a superuser''s, and only a superuser may terminate it'
        when not own.rolsuper
            and not pg_catalog.pg_has_role(own.oid, activity.usesysid, 'usage')
            and not pg_catalog.pg_has_role(own.oid, 'pg_signal_backend', 'usage')
            then 'it may not be terminated; grant pg_signal_backend to ' || pg_catalog.quote_ident(own.rolname)
    end as spared
from blocking
join pg_catalog.pg_roles as own on own.rolname = current_user
left join pg_catalog.pg_stat_activity as activity on activity.pid = blocking.pid
left join pg_catalog.pg_roles as owner on owner.oid = activity.usesysid
where blocking.pid = 0 or activity.pid is not null
order by blocking.pid
