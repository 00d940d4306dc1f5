-- What it answers: which schema and name does a table have whose name is written as PostgreSQL quotes it?
-- Columns: schema, name.
-- Parameters: ident.
-- Minimum version: 13.
select n.nspname::text as schema, c.relname::text as name
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) = %(ident)s
    and c.relkind in ('r', 'p', 'v', 'm', 'f')
order by n.nspname, c.relname
