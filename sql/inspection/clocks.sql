-- Which columns look as if rows were to go some time after what they say?
-- Columns: ident (of the table, partitions left out), table, column, type
-- Parameters: those of inventory/included; {ours} is inventory/included
-- Minimum version: 13
with ours as (
    {ours}
)
select
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident,
    c.relname::text as table,
    a.attname::text as column,
    pg_catalog.format_type(a.atttypid, null) as type
from ours
join pg_catalog.pg_class as c on c.oid = ours.oid and c.relkind in ('r', 'p') and not c.relispartition
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where a.attname ~* '(^|_)(expires?|expired|expiry|expiration|deleted|removed|archived|closed|deprecated|obsolete|purge|valid_until)(_|$)'
    and a.atttypid in (
        'pg_catalog.date'::pg_catalog.regtype,
        'pg_catalog.timestamp'::pg_catalog.regtype,
        'pg_catalog.timestamptz'::pg_catalog.regtype,
        'pg_catalog.int8'::pg_catalog.regtype
    )
order by n.nspname collate "C", c.relname collate "C", a.attnum
limit 50
