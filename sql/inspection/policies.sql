-- By which columns do policies of row-level security tell rows apart, and which settings do they read for that?
-- Columns: column, tables (names of those whose policies use it, partitions left out), setting (the one that most of these policies
-- read, NULL for none), present (in how many included tables the column is), of (how many there are)
-- Parameters: those of inventory/included; {ours} is inventory/included
-- Minimum version: 13
with ours as (
    {ours}
),
included as (
    select c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident
    from ours
    join pg_catalog.pg_class as c on c.oid = ours.oid and c.relkind in ('r', 'p') and not c.relispartition
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
),
used as (
    select distinct
        included.ident,
        a.attname::text as attribute,
        pg_catalog.concat_ws(
            ' ', pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
        ) as expression
    from included
    join pg_catalog.pg_policy as p on p.polrelid = included.oid
    join pg_catalog.pg_depend as d
        on d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
        and d.objid = p.oid
        and d.refobjid = included.oid
        and d.refobjsubid > 0
    join pg_catalog.pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
)
select
    used.attribute as column,
    pg_catalog.array_agg(distinct used.ident order by used.ident) as tables,
    (
        select setting.words[1]
        from used as again
        cross join lateral pg_catalog.regexp_matches(again.expression, 'current_setting\(''([^'']+)''', 'g') as setting (words)
        where again.attribute = used.attribute
        group by setting.words[1]
        order by pg_catalog.count(distinct again.ident) desc, setting.words[1] collate "C"
        limit 1
    ) as setting,
    (
        select pg_catalog.count(*)
        from included
        join pg_catalog.pg_attribute as a on a.attrelid = included.oid and a.attname = used.attribute and not a.attisdropped
    ) as present,
    (select pg_catalog.count(*) from included) as of
from used
group by used.attribute
order by pg_catalog.count(distinct used.ident) desc, used.attribute collate "C"
