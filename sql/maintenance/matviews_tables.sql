-- What it answers: what are these tables called, and do they have the tenant's column?
-- Columns: schema, name, ident, has_tenant
-- Parameters: tables, oids; column of the tenant, '' for none
-- Minimum version: 13
select
    n.nspname::text as schema,
    c.relname::text as name,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident,
    exists (
        select
        from pg_catalog.pg_attribute as a
        where a.attrelid = c.oid and a.attname = %(column)s and not a.attisdropped
    ) as has_tenant
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.oid = any (%(tables)s::oid[])
order by n.nspname collate "C", c.relname collate "C"
