-- Which relations may be maintained and checked at all: the one place that knows what is left out (the system's schemas,
-- temporary tables, members of extensions, and what the profile leaves out), with each relation's place in its tree.
-- Never sent alone by the inventory: other statements take it as their part {ours}.
-- Columns: oid; root, the topmost parent or the relation itself; level, 0 at the root
-- Parameters: schemas text[], empty for all; exclude text[], LIKE patterns on schema.name that reach whole trees
-- Minimum version: 13
with recursive tree as (
    select c.oid, c.oid as root, 0 as level
    from pg_catalog.pg_class as c
    where c.relkind in ('r', 'p', 'm')
        and c.relpersistence <> 't'
        and not c.relispartition
    union all
    select c.oid, tree.root, tree.level + 1
    from tree
    join pg_catalog.pg_inherits as i on i.inhparent = tree.oid
    join pg_catalog.pg_class as c on c.oid = i.inhrelid and c.relispartition
)
select tree.oid, tree.root, tree.level
from tree
join pg_catalog.pg_class as c on c.oid = tree.oid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_class as top on top.oid = tree.root
join pg_catalog.pg_namespace as top_schema on top_schema.oid = top.relnamespace
where n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema'
    and (pg_catalog.cardinality(%(schemas)s::text[]) = 0 or top_schema.nspname = any (%(schemas)s::text[]))
    and not n.nspname || '.' || c.relname like any (%(exclude)s::text[])
    and not top_schema.nspname || '.' || top.relname like any (%(exclude)s::text[])
    and not exists (
        select
        from pg_catalog.pg_depend as d
        where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and d.objid in (tree.oid, tree.root)
            and d.deptype = 'e'
    )
order by tree.oid
