-- Every partitioned table (each level of a tree is one) with its key, and one row a partition of it; a table without any
-- partition is one row with empty partition columns. Bounds are of the first key column, NULL for MINVALUE and MAXVALUE,
-- times in ISO 8601 and UTC; a bound's text may hold anything, so it is cut by the grammar of its quotes.
-- Columns: table_oid, table_schema, table_name, table_ident, root, level, strategy, key_columns, key_types, oid, schema,
-- name, ident, lower, upper, is_default, detach_pending, is_partitioned
-- Parameters: those of inventory/included; {detaching} is inventory/detaching
-- Minimum version: 13
with ours as (
    {ours}
),
detaching as (
    {detaching}
),
keys as (
    select
        p.partrelid as oid,
        p.partstrat::text as strategy,
        pg_catalog.array_agg(coalesce(a.attname::text, '(expression)') order by k.place) as columns,
        pg_catalog.array_agg(coalesce(pg_catalog.format_type(coalesce(nullif(t.typbasetype, 0), t.oid), null), 'unknown') order by k.place) as types
    from ours
    join pg_catalog.pg_partitioned_table as p on p.partrelid = ours.oid
    cross join lateral pg_catalog.unnest(p.partattrs::smallint[]) with ordinality as k (attnum, place)
    left join pg_catalog.pg_attribute as a on a.attrelid = p.partrelid and a.attnum = k.attnum and k.attnum <> 0
    left join pg_catalog.pg_type as t on t.oid = a.atttypid
    group by p.partrelid, p.partstrat
),
bounds as (
    select
        i.inhparent,
        c.oid,
        n.nspname,
        c.relname,
        c.relkind,
        bound.text = 'DEFAULT' as is_default,
        pg_catalog.regexp_match(
            bound.text,
            -- First value of each side: a quoted literal (whose own quotes are doubled) or a bare word, then any others.
            'FOR VALUES FROM \((''(?:[^'']|'''')*''|[^,'')]+)(?:, (?:''(?:[^'']|'''')*''|[^,'')]+))*\) TO \((''(?:[^'']|'''')*''|[^,'')]+)'
        ) as ends
    from keys
    join pg_catalog.pg_inherits as i on i.inhparent = keys.oid
    join pg_catalog.pg_class as c on c.oid = i.inhrelid
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    -- With its relation's oid the function would lock the partition; a bound needs none, it holds no columns.
    cross join lateral (select pg_catalog.pg_get_expr(c.relpartbound, 0)) as bound (text)
),
sides as (
    select
        bounds.oid,
        side.place,
        case
            when side.word in ('MINVALUE', 'MAXVALUE') then null
            when side.word like '''%%' then pg_catalog.replace(pg_catalog.substr(side.word, 2, pg_catalog.length(side.word) - 2), '''''', '''')
            else side.word
        end as value
    from bounds
    cross join lateral pg_catalog.unnest(bounds.ends) with ordinality as side (word, place)
),
instants as (
    select
        sides.oid,
        sides.place,
        case keys.types[1]
            when 'date' then pg_catalog.btrim(pg_catalog.to_json(sides.value::date)::text, '"')
            when 'timestamp without time zone' then pg_catalog.btrim(pg_catalog.to_json(sides.value::timestamp)::text, '"')
            when 'timestamp with time zone'
                then pg_catalog.btrim(pg_catalog.to_json(sides.value::timestamptz at time zone 'UTC')::text, '"')
            else sides.value
        end as value
    from sides
    join bounds on bounds.oid = sides.oid
    join keys on keys.oid = bounds.inhparent
)
select
    parent.oid::bigint as table_oid,
    parent_schema.nspname::text as table_schema,
    parent.relname::text as table_name,
    pg_catalog.quote_ident(parent_schema.nspname) || '.' || pg_catalog.quote_ident(parent.relname) as table_ident,
    pg_catalog.quote_ident(top_schema.nspname) || '.' || pg_catalog.quote_ident(top.relname) as root,
    ours.level,
    keys.strategy,
    keys.columns as key_columns,
    keys.types as key_types,
    bounds.oid::bigint as oid,
    bounds.nspname::text as schema,
    bounds.relname::text as name,
    pg_catalog.quote_ident(bounds.nspname) || '.' || pg_catalog.quote_ident(bounds.relname) as ident,
    lower_end.value as lower,
    upper_end.value as upper,
    bounds.is_default,
    bounds.oid in (select detaching.oid from detaching) as detach_pending,
    bounds.relkind = 'p' as is_partitioned
from keys
join ours on ours.oid = keys.oid
join pg_catalog.pg_class as parent on parent.oid = keys.oid
join pg_catalog.pg_namespace as parent_schema on parent_schema.oid = parent.relnamespace
join pg_catalog.pg_class as top on top.oid = ours.root
join pg_catalog.pg_namespace as top_schema on top_schema.oid = top.relnamespace
left join bounds on bounds.inhparent = keys.oid
left join instants as lower_end on lower_end.oid = bounds.oid and lower_end.place = 1
left join instants as upper_end on upper_end.oid = bounds.oid and upper_end.place = 2
order by parent_schema.nspname collate "C", parent.relname collate "C", bounds.nspname collate "C", bounds.relname collate "C"
