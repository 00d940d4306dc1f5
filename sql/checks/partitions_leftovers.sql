-- What it answers: which tables are named like a family's partitions and belong to none? Somebody made or detached them
-- and went away: their rows are seen by nobody, and no retention rule reaches them.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: families, a JSON array of objects with oid and pattern (NULL where it is not managed); those of
-- inventory/included
-- Minimum version: 13
with ours as (
    {ours}
)
select
    'table' as object_type,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as object_name,
    'a table of its own' as observed,
    'a partition of ' || pg_catalog.string_agg(
        pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.relname), ' or ' order by p.oid
    ) as expected,
    pg_catalog.pg_get_userbyid(c.relowner) || ' owns it; about ' || greatest(c.reltuples, 0)::bigint || ' rows' as detail,
    'attach it, archive it, or rename it; until then no partition of this name can be created' as remediation
from ours
join pg_catalog.pg_class as c on c.oid = ours.oid and c.relkind = 'r' and not c.relispartition
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.jsonb_to_recordset(%(families)s::jsonb) as e (oid bigint, pattern text) on c.relname ~ e.pattern
join pg_catalog.pg_class as p on p.oid = e.oid::oid
join pg_catalog.pg_namespace as pn on pn.oid = p.relnamespace
where c.relnamespace = p.relnamespace
    or c.relnamespace in (
        select m.relnamespace
        from pg_catalog.pg_inherits as i
        join pg_catalog.pg_class as m on m.oid = i.inhrelid
        where i.inhparent = p.oid
    )
group by n.nspname, c.relname, c.relowner, c.reltuples
order by object_name
