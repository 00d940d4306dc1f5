-- Which relations may be maintained and checked at all: the one place that knows what is left out (the system's schemas,
-- temporary tables, members of extensions, and what the profile leaves out), with each relation's place in its tree.
-- Other statements take it as their part {ours}.
-- Columns: oid; root, the topmost parent or the relation itself; level, 0 at the root
-- Parameters: schemas text[], empty for all; exclude text[], LIKE patterns on schema.name that reach whole trees
-- Minimum version: 13
select ours.oid, ours.root, ours.level
from (
    -- The parent comes from pg_inherits, because the tree functions no longer see a partition that is being detached.
    select
        c.oid,
        n.nspname || '.' || c.relname as name,
        coalesce(pg_catalog.pg_partition_root(i.inhparent)::oid, c.oid) as root,
        (select pg_catalog.count(*) from pg_catalog.pg_partition_ancestors(i.inhparent))::integer as level
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    left join pg_catalog.pg_inherits as i on i.inhrelid = c.oid and c.relispartition
    where c.relkind in ('r', 'p', 'm', 'f')
        and c.relpersistence <> 't'
        and n.nspname !~ '^pg_'
        and n.nspname <> 'information_schema'
) as ours
join pg_catalog.pg_class as top on top.oid = ours.root
join pg_catalog.pg_namespace as top_schema on top_schema.oid = top.relnamespace
where (pg_catalog.cardinality(%(schemas)s::text[]) = 0 or top_schema.nspname = any (%(schemas)s::text[]))
    and not ours.name like any (%(exclude)s::text[])
    and not top_schema.nspname || '.' || top.relname like any (%(exclude)s::text[])
    and not exists (
        select
        from pg_catalog.pg_depend as d
        where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and d.objid in (ours.oid, ours.root)
            and d.deptype = 'e'
    )
order by ours.oid
