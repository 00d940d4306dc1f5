-- Which of the named tables exist and may be read by the current role, and the column that finds the recent leaves of those
-- that are partitioned by time.
-- Columns: schema, name, ident, clock (null: not partitioned by range of one date or time column)
-- Parameters: tables, names quoted as PostgreSQL quotes them
-- Minimum version: 13
select
    n.nspname::text as schema,
    c.relname::text as name,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident,
    a.attname::text as clock
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_partitioned_table as p on p.partrelid = c.oid and p.partstrat = 'r' and p.partnatts = 1
left join pg_catalog.pg_attribute as a
    on a.attrelid = p.partrelid
    and a.attnum = p.partattrs[0]
    and a.atttypid in (
        'pg_catalog.date'::pg_catalog.regtype,
        'pg_catalog.timestamp'::pg_catalog.regtype,
        'pg_catalog.timestamptz'::pg_catalog.regtype
    )
where pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) = any (%(tables)s::pg_catalog.text[])
    and c.relkind in ('r', 'p')
    and pg_catalog.has_schema_privilege(n.oid, 'usage')
    and pg_catalog.has_table_privilege(c.oid, 'select')
order by n.nspname collate "C", c.relname collate "C"
