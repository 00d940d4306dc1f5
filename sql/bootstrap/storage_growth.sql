-- The function public.monitor_storage_growth(), its owner and who may call it.
-- Minimum version: 13

-- name: conflict
-- What it answers: is there a function of that name with other columns, which cannot be replaced in place?
-- Columns: needed.
-- Parameters: result, as PostgreSQL writes it.
select exists (
    select
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'public'
        and p.proname = 'monitor_storage_growth'
        and p.pronargs = 0
        and pg_catalog.pg_get_function_result(p.oid) <> %(result)s
) as needed;

-- name: drop
-- What it does: makes room for the suite's own function.
drop function public.monitor_storage_growth();

-- name: needed
-- What it answers: is the function absent, or does it read otherwise than the suite's own?
-- Columns: needed.
-- Parameters: md5, of the body.
select not exists (
    select
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'public'
        and p.proname = 'monitor_storage_growth'
        and p.pronargs = 0
        and pg_catalog.md5(p.prosrc) = %(md5)s
        and p.prosecdef
        and p.proconfig is not null
) as needed;

-- name: create
-- What it does: creates the function that operators select from: size (bytes), growth and alert of every included table,
-- a family of partitions as one. Growth is NULL until the suite's own snapshots span a day.
-- Columns: table_name, current_size, growth_rate_mb_per_day, estimated_days_to_threshold, alert_level, threshold.
create or replace function public.monitor_storage_growth()
returns {result}
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $function$
with ours as (
    {ours}
),
locked as (
    -- The size functions would wait for these locks, and those who monitor with them: such a relation is estimated.
    select l.relation as oid
    from pg_catalog.pg_locks as l
    where l.locktype = 'relation'
        and l.mode = 'AccessExclusiveLock'
        and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
),
sizes as (
    select
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(root.relname) as relation,
        pg_catalog.sum(
            coalesce(
                case when ours.oid not in (select locked.oid from locked) then pg_catalog.pg_total_relation_size(ours.oid) end,
                c.relpages * pg_catalog.current_setting('block_size')::bigint
            )
        )::bigint as size
    from ours
    join pg_catalog.pg_class as c on c.oid = ours.oid
    join pg_catalog.pg_class as root on root.oid = ours.root and root.relkind in ('r', 'p')
    join pg_catalog.pg_namespace as n on n.oid = root.relnamespace
    where not (n.nspname = 'public' and root.relname in ('maintenance_log', 'materialized_view_metadata'))
    group by n.nspname, root.relname
),
figures as (
    select
        sizes.relation,
        sizes.size,
        t.threshold,
        t.per_month,
        t.critical_per_month,
        t.warning_days,
        t.critical_days,
        -- Bytes a day since the oldest snapshot that counts; less than a day of history says nothing.
        (sizes.size - oldest.size) / oldest.days as rate
    from sizes
    left join lateral (
        select known.*
        from steward.growth_threshold as known
        where known.relation in (sizes.relation, '*')
        order by known.relation = '*'
        limit 1
    ) as t on true
    left join lateral (
        select s.size, extract(epoch from pg_catalog.now() - s.taken_at)::numeric / 86400 as days
        from steward.relation_size as s
        where s.relation = sizes.relation
            and s.taken_at >= pg_catalog.now() - t.measured_over
            and s.taken_at <= pg_catalog.now() - interval '1 day'
        order by s.taken_at
        limit 1
    ) as oldest on true
),
estimates as (
    select
        figures.*,
        case
            when figures.size >= figures.threshold then 0
            when figures.rate > 0 then (figures.threshold - figures.size) / figures.rate
        end as days
    from figures
)
select
    estimates.relation,
    estimates.size,
    pg_catalog.round(estimates.rate / 1048576, 3),
    pg_catalog.round(estimates.days, 1),
    case
        when estimates.days <= estimates.critical_days or estimates.rate * 30 > estimates.critical_per_month then 'CRITICAL'
        when estimates.days <= estimates.warning_days or estimates.rate * 30 > estimates.per_month then 'WARNING'
        else 'OK'
    end,
    estimates.threshold
from estimates
order by estimates.size desc, estimates.relation collate "C"
$function$;

-- fragment: scope_column
-- What it answers: what did the profile include when it was last copied? Stands where inventory/included has its parameters.
-- Columns: the one asked for.
(select s.{column} from steward.scope as s)

-- name: owner_needed
-- What it answers: does the function not belong to the maintenance role, with whose rights it must run?
-- Columns: needed.
-- Parameters: role.
select not exists (
    select
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'public'
        and p.proname = 'monitor_storage_growth'
        and p.pronargs = 0
        and pg_catalog.pg_get_userbyid(p.proowner) = %(role)s
) as needed;

-- name: set_owner
-- What it does: lets the function run with the maintenance role's rights, not with those of who created it.
alter function public.monitor_storage_growth() owner to {role};

-- name: public_needed
-- What it answers: may everybody call the function, or is it not there yet, when everybody will?
-- Columns: needed.
select not exists (
    select
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'public'
        and p.proname = 'monitor_storage_growth'
        and p.pronargs = 0
        and not pg_catalog.has_function_privilege('public', p.oid, 'execute')
) as needed;

-- name: revoke_public
-- What it does: keeps tables' sizes from the application's roles.
revoke execute on function public.monitor_storage_growth() from public;

-- name: monitor_needed
-- What it answers: may those who monitor not call the function, other than as everybody may?
-- Columns: needed.
select not exists (
    select
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    cross join lateral pg_catalog.aclexplode(p.proacl) as a
    where n.nspname = 'public'
        and p.proname = 'monitor_storage_growth'
        and p.pronargs = 0
        and a.grantee = (select r.oid from pg_catalog.pg_roles as r where r.rolname = 'pg_monitor')
        and a.privilege_type = 'EXECUTE'
) as needed;

-- name: grant_monitor
-- What it does: lets those who monitor call the function.
grant execute on function public.monitor_storage_growth() to pg_monitor;
