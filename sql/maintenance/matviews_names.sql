-- Every materialized view, and the name under which public.materialized_view_metadata knows it: without the schema in
-- public, as operators' queries have it; a name that does not fit into the column is cut and told apart by its digest.
-- Other statements take it as their part {known}.
-- Columns: oid, schema, name, ident, view_name
-- Minimum version: 13
select
    c.oid,
    n.nspname::text as schema,
    c.relname::text as name,
    full_name.ident,
    case
        when pg_catalog.length(short_name.ident) <= 100 then short_name.ident
        else pg_catalog.left(short_name.ident, 67) || '~' || pg_catalog.md5(short_name.ident)
    end as view_name
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
cross join lateral (
    select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident
) as full_name
cross join lateral (
    select case n.nspname when 'public' then pg_catalog.quote_ident(c.relname) else full_name.ident end as ident
) as short_name
where c.relkind = 'm'
order by c.oid
