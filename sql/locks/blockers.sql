-- What it answers: who holds locks on these relations, on what they are parts of or on their parts, and since when? Where
-- snapshots are waited for as well (a CONCURRENTLY command ends after every older one), who holds one in this database?
-- Columns: holder; mode; age of the transaction; remedy, what ends the waiting; oldest first.
-- Parameters: relations, oids; snapshots, a boolean.
-- Minimum version: 13.
with recursive part as (
    -- Read from pg_inherits, since pg_partition_tree() would wait for a relation that somebody has locked.
    select relation.oid
    from pg_catalog.unnest(%(relations)s::pg_catalog.oid[]) as relation (oid)
    union
    select child.inhrelid
    from part
    join pg_catalog.pg_inherits as child on child.inhparent = part.oid
),
wanted as (
    select ancestor.relid as oid
    from pg_catalog.unnest(%(relations)s::pg_catalog.oid[]) as relation (oid)
    cross join lateral pg_catalog.pg_partition_ancestors(relation.oid) as ancestor (relid)
    union
    select part.oid
    from part
),
holding as (
    select held.pid, held.virtualtransaction, pg_catalog.string_agg(distinct held.mode, ', ' order by held.mode) as mode
    from pg_catalog.pg_locks as held
    where held.locktype = 'relation'
        and held.granted
        and held.pid is distinct from pg_catalog.pg_backend_pid()
        and held.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
        and held.relation in (select wanted.oid from wanted)
    group by held.pid, held.virtualtransaction
    union all
    select activity.pid, null, 'a snapshot'
    from pg_catalog.pg_stat_activity as activity
    where %(snapshots)s
        and activity.datname = pg_catalog.current_database()
        and activity.backend_xmin is not null
        and activity.pid <> pg_catalog.pg_backend_pid()
        and activity.pid not in (select vacuum.pid from pg_catalog.pg_stat_progress_vacuum as vacuum)
)
select
    coalesce(
        'prepared transaction ' || pg_catalog.quote_literal(prepared.gid) || ' of ' || prepared.owner,
        'pid ' || holding.pid || ' (' || coalesce(nullif(activity.application_name, ''), 'unnamed') || ', '
        || coalesce(activity.state, activity.backend_type, 'unknown') || ')'
    ) as holder,
    pg_catalog.string_agg(distinct holding.mode, ', ' order by holding.mode) as mode,
    pg_catalog.date_trunc(
        'second', pg_catalog.clock_timestamp() - pg_catalog.min(coalesce(activity.xact_start, prepared.prepared))
    )::pg_catalog.text as age,
    case
        when prepared.gid is not null then 'to end it: rollback prepared ' || pg_catalog.quote_literal(prepared.gid)
        when activity.backend_type = 'autovacuum worker' and activity.query like '%%(to prevent wraparound)%%'
            then 'let it finish: it prevents wraparound'
        when activity.backend_type = 'autovacuum worker' then 'it gives way by itself'
        when activity.state = 'active' then 'to stop it: select pg_cancel_backend(' || holding.pid || ')'
        else 'to end it: select pg_terminate_backend(' || holding.pid || ')'
    end as remedy
from holding
left join pg_catalog.pg_stat_activity as activity on activity.pid = holding.pid
left join pg_catalog.pg_locks as own
    on holding.pid is null
    and own.pid is null
    and own.locktype = 'transactionid'
    and own.virtualtransaction = holding.virtualtransaction
left join pg_catalog.pg_prepared_xacts as prepared on prepared.transaction = own.transactionid
group by
    holding.pid,
    prepared.gid,
    prepared.owner,
    activity.application_name,
    activity.state,
    activity.backend_type,
    activity.query
order by pg_catalog.min(coalesce(activity.xact_start, prepared.prepared)) nulls last, holding.pid
