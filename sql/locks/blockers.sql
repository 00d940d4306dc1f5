-- What it answers: who holds locks on these relations or on their partition tree, and since when?
-- Columns: pid, application, state, mode, age of the transaction; oldest first.
-- Minimum version: 13.
select
    held.pid,
    coalesce(activity.application_name, '') as application,
    coalesce(activity.state, 'unknown') as state,
    pg_catalog.string_agg(distinct held.mode, ', ' order by held.mode) as mode,
    pg_catalog.date_trunc(
        'second', pg_catalog.clock_timestamp() - pg_catalog.min(activity.xact_start)
    )::pg_catalog.text as age
from pg_catalog.pg_locks as held
left join pg_catalog.pg_stat_activity as activity on activity.pid = held.pid
where held.locktype = 'relation'
    and held.granted
    and held.pid <> pg_catalog.pg_backend_pid()
    and held.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
    and held.relation in (
        select relation.oid
        from pg_catalog.unnest(%(relations)s::pg_catalog.oid[]) as relation (oid)
        union
        select ancestor.relid
        from pg_catalog.unnest(%(relations)s::pg_catalog.oid[]) as relation (oid)
        cross join lateral pg_catalog.pg_partition_ancestors(relation.oid) as ancestor (relid)
    )
group by held.pid, activity.application_name, activity.state
order by pg_catalog.min(activity.xact_start) nulls last, held.pid
