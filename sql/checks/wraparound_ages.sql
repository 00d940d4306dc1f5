-- What it answers: which tables, a tree of partitions as one, and which of the server's databases are so old that
-- transaction or multixact ids might run out? Each object is told at the highest level that one of its parts has passed.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: level, one of warn, fail, emergency; the profile's ages of these names; those of inventory/included; {ours} is
-- inventory/included; {holders} is activity/horizon_holders
-- Minimum version: 13
with ours as (
    {ours}
),
holders as materialized (
    {holders}
),
limits as (
    select
        %(fail)s::bigint as fail,
        %(emergency)s::bigint as emergency,
        -- Below twice the age at which the server forces a vacuum it may well be on its way.
        least(%(fail)s::bigint, greatest(%(warn)s::bigint, 2 * pg_catalog.current_setting('autovacuum_freeze_max_age')::bigint)) as warn,
        least(%(fail)s::bigint, greatest(%(warn)s::bigint, 2 * pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::bigint)) as mxid_warn
),
relations as (
    select
        ours.root,
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident,
        -- A zero stands for no age at all (a view's storage elsewhere, an empty TOAST), not for the oldest there is.
        greatest(
            case when c.relfrozenxid <> '0'::xid then pg_catalog.age(c.relfrozenxid) end,
            case when toast.relfrozenxid <> '0'::xid then pg_catalog.age(toast.relfrozenxid) end
        )::bigint as xids,
        greatest(
            case when c.relminmxid <> '0'::xid then pg_catalog.mxid_age(c.relminmxid) end,
            case when toast.relminmxid <> '0'::xid then pg_catalog.mxid_age(toast.relminmxid) end
        )::bigint as mxids
    from ours
    join pg_catalog.pg_class as c on c.oid = ours.oid and c.relkind in ('r', 'm')
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    left join pg_catalog.pg_class as toast on toast.oid = c.reltoastrelid
),
trees as (
    select
        relations.root,
        pg_catalog.max(relations.xids) as xids,
        pg_catalog.max(relations.mxids) as mxids,
        pg_catalog.count(*) filter (where relations.xids > limits.warn or relations.mxids > limits.mxid_warn) as old,
        (pg_catalog.array_agg(relations.ident order by greatest(relations.xids, relations.mxids) desc, relations.ident))[1] as oldest
    from relations
    cross join limits
    group by relations.root
),
objects as (
    select
        'table' as object_type,
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as object_name,
        trees.xids,
        trees.mxids,
        'the oldest of its ' || trees.old || ' old tables is ' || trees.oldest as detail,
        true as is_here,
        false as has_catalogs,
        'vacuum (freeze) ' || trees.oldest as remedy
    from trees
    join pg_catalog.pg_class as c on c.oid = trees.root
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    union all
    select
        'database',
        d.datname::text,
        pg_catalog.age(d.datfrozenxid),
        pg_catalog.mxid_age(d.datminmxid),
        case
            when d.datname = pg_catalog.current_database() then 'its oldest relation is ' || (
                select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
                from pg_catalog.pg_class as c
                join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
                where c.relkind in ('r', 'm', 't')
                order by greatest(pg_catalog.age(c.relfrozenxid), pg_catalog.mxid_age(c.relminmxid)) desc, c.oid
                limit 1
            )
            else 'another database of the server'
        end,
        d.datname = pg_catalog.current_database(),
        true,
        'as a superuser in that database: vacuum (freeze)'
    from pg_catalog.pg_database as d
),
judged as (
    select
        o.*,
        l.level,
        case l.level when 'warn' then case when o.xids > limits.warn then limits.warn else limits.mxid_warn end else l.age end as most
    from objects as o
    cross join limits
    cross join lateral (
        select found.level, found.age
        from (
            values
            (3, 'emergency', limits.emergency, greatest(o.xids, o.mxids) > limits.emergency),
            (2, 'fail', limits.fail, greatest(o.xids, o.mxids) > limits.fail),
            (1, 'warn', limits.warn, o.xids > limits.warn or o.mxids > limits.mxid_warn)
        ) as found (place, level, age, is_over)
        where found.is_over
        order by found.place desc
        limit 1
    ) as l
)
select
    j.object_type,
    j.object_name,
    pg_catalog.concat_ws(
        ', ',
        case when j.xids >= j.mxids or j.xids > j.most then pg_catalog.to_char(j.xids, 'FM9,999,999,999') || ' transactions old' end,
        case when j.mxids > j.xids or j.mxids > j.most then pg_catalog.to_char(j.mxids, 'FM9,999,999,999') || ' multixacts old' end
    ) as observed,
    'at most ' || pg_catalog.to_char(j.most, 'FM9,999,999,999') as expected,
    j.detail || case
        when not j.is_here then ''
        when holder.xids > j.most then '; ' || holder.holder || ' has held it back for '
            || pg_catalog.to_char(holder.xids, 'FM9,999,999,999') || ' transactions'
            || coalesce(' (' || pg_catalog.date_trunc('second', holder.age)::text || ')', '')
        when exists (select from holders as h where h.xids is null) then '; who holds it back cannot be seen'
        else '; nobody is seen to hold it back'
    end as detail,
    case when j.is_here and holder.xids > j.most then holder.remedy || '; then ' else '' end || j.remedy as remediation
from judged as j
left join lateral (
    select h.*
    from holders as h
    where h.xids is not null and (j.has_catalogs or not h.catalogs_only)
    order by h.xids desc, h.holder
    limit 1
) as holder on true
where j.level = %(level)s
order by greatest(j.xids, j.mxids) desc, j.object_type, j.object_name
