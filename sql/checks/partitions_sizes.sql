-- What it answers: which partitions are larger, with indexes and TOAST, than one unit of work should be?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: size_limit, bytes; those of inventory/included; {relations} is inventory/relations
-- Minimum version: 13
with relations as (
    {relations}
)
select
    'partition' as object_type,
    r.ident as object_name,
    pg_catalog.pg_size_pretty(r.total_size) as observed,
    'at most ' || pg_catalog.pg_size_pretty(%(size_limit)s::bigint) as expected,
    'a partition of ' || r.root || '; ' || pg_catalog.pg_size_pretty(r.size) || ' are the table itself' as detail,
    'make the family''s coming partitions shorter, or let retention reach it earlier' as remediation
from relations as r
where r.is_partition
    and r.kind = 'r'
    and r.total_size > %(size_limit)s::bigint
order by r.total_size desc, r.ident
