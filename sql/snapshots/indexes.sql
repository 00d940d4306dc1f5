-- What it does: records the scans of every index of included tables, those of all partitions of an index added up. An index
-- that only a leaf has is left out: it is nobody's to judge beside its siblings.
-- Parameters: those of inventory/included; {ours} is inventory/included
-- Minimum version: 13
with recursive ours as (
    {ours}
),
up as (
    select i.indexrelid as oid, i.indexrelid as top, ours.root
    from ours
    join pg_catalog.pg_index as i on i.indrelid = ours.oid
    join pg_catalog.pg_class as c on c.oid = i.indexrelid and c.relkind = 'i'
    union all
    select up.oid, h.inhparent, up.root
    from up
    join pg_catalog.pg_inherits as h on h.inhrelid = up.top
)
insert into steward.index_counters (index, taken_at, relation, parts, scans)
select
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(top.relname),
    pg_catalog.now(),
    pg_catalog.quote_ident(root_schema.nspname) || '.' || pg_catalog.quote_ident(root.relname),
    pg_catalog.count(*),
    pg_catalog.sum(pg_catalog.pg_stat_get_numscans(up.oid))
from up
join pg_catalog.pg_index as i on i.indexrelid = up.top and i.indrelid = up.root
join pg_catalog.pg_class as top on top.oid = up.top
join pg_catalog.pg_namespace as n on n.oid = top.relnamespace
join pg_catalog.pg_class as root on root.oid = up.root
join pg_catalog.pg_namespace as root_schema on root_schema.oid = root.relnamespace
group by n.nspname, top.relname, root_schema.nspname, root.relname
