-- The version that the application's schema says it has.
-- Minimum version: 13

-- name: table
-- What it answers: which schema and name does a table have whose name is written as PostgreSQL quotes it?
-- Columns: schema, name.
-- Parameters: ident.
select n.nspname::text as schema, c.relname::text as name
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) = %(ident)s
    and c.relkind in ('r', 'p', 'v', 'm', 'f')
order by n.nspname, c.relname;

-- name: versions
-- What it answers: which versions does the application's schema say that it has?
-- Columns: version.
select v.version::text as version
from {table} as v;

-- name: no_versions
-- What it answers: the same where the table is not there: none.
-- Columns: version.
select null::text as version
where false;
