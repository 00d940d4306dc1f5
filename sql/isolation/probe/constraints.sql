-- What a row must agree with in the tables that the probe writes: foreign keys, checks, unique indexes on plain columns, loose ones
-- (over expressions, partial, exclusions), and the bounds of partitions.
-- Columns: oid of the table; kind: foreign, check, unique, loose, bound; name; columns; parent and parent_columns of a foreign key; rule, the text of a
-- check or of a bound
-- Parameters: those of isolation/probe/required_tables, which is {needed}
-- Minimum version: 13
with needed as (
    {needed}
),
named as (
    select a.attrelid, a.attnum, a.attname::text as name
    from needed
    join pg_catalog.pg_attribute as a on a.attrelid = needed.oid and a.attnum > 0
)
select
    con.conrelid as oid,
    case con.contype when 'f' then 'foreign' else 'check' end as kind,
    con.conname::text as name,
    array(
        select named.name
        from pg_catalog.unnest(con.conkey) with ordinality as key (attnum, place)
        join named on named.attrelid = con.conrelid and named.attnum = key.attnum
        order by key.place
    ) as columns,
    con.confrelid as parent,
    array(
        select named.name
        from pg_catalog.unnest(con.confkey) with ordinality as key (attnum, place)
        join named on named.attrelid = con.confrelid and named.attnum = key.attnum
        order by key.place
    ) as parent_columns,
    case con.contype when 'c' then pg_catalog.pg_get_expr(con.conbin, con.conrelid) else '' end as rule
from needed
join pg_catalog.pg_constraint as con on con.conrelid = needed.oid and con.contype in ('f', 'c')
-- A key that refers to a partitioned table has one of its own for each of that table's partitions.
where not exists (
    select
    from pg_catalog.pg_constraint as above
    where above.oid = con.conparentid and above.conrelid = con.conrelid
)
union all
select
    i.indrelid,
    'unique',
    c.relname::text,
    array(
        select named.name
        from pg_catalog.unnest(i.indkey::pg_catalog.int2[]) with ordinality as key (attnum, place)
        join named on named.attrelid = i.indrelid and named.attnum = key.attnum
        where key.place <= i.indnkeyatts
        order by key.place
    ),
    0::pg_catalog.oid,
    array[]::text[],
    ''
from needed
join pg_catalog.pg_index as i on i.indrelid = needed.oid and i.indisunique and i.indisvalid and i.indexprs is null and i.indpred is null
join pg_catalog.pg_class as c on c.oid = i.indexrelid
union all
select
    i.indrelid,
    'loose',
    c.relname::text,
    array(
        select named.name
        from named
        where named.attrelid = i.indrelid
            and (
                named.attnum = any (i.indkey::pg_catalog.int2[])
                or exists (
                    select
                    from pg_catalog.pg_depend as d
                    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        and d.objid = i.indexrelid
                        and d.refobjid = i.indrelid
                        and d.refobjsubid = named.attnum
                )
            )
        order by named.name
    ),
    0::pg_catalog.oid,
    array[]::text[],
    ''
from needed
join pg_catalog.pg_index as i
    on i.indrelid = needed.oid
    and (i.indisexclusion or i.indisunique and (i.indexprs is not null or i.indpred is not null))
join pg_catalog.pg_class as c on c.oid = i.indexrelid
union all
select
    needed.oid,
    'bound',
    '',
    array(
        select named.name
        from pg_catalog.unnest(p.partattrs::pg_catalog.int2[]) with ordinality as key (attnum, place)
        join pg_catalog.pg_attribute as above on above.attrelid = p.partrelid and above.attnum = key.attnum
        join named on named.attrelid = needed.oid and named.name = above.attname::text
        order by key.place
    ),
    p.partrelid,
    array[]::text[],
    pg_catalog.pg_get_expr(leaf.relpartbound, leaf.oid)
from needed
cross join lateral (
    (
        select branch.relid
        from pg_catalog.pg_partition_tree(needed.oid) as branch
        where branch.level > 0
        order by branch.relid desc
        limit 50
    )
    union
    select needed.oid
    union
    select above.relid
    from pg_catalog.pg_partition_ancestors(needed.oid) as above
) as tree
join pg_catalog.pg_class as leaf on leaf.oid = tree.relid and leaf.relispartition
join pg_catalog.pg_inherits as i on i.inhrelid = leaf.oid
join pg_catalog.pg_partitioned_table as p on p.partrelid = i.inhparent
order by oid, kind, name, rule
