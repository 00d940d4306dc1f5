-- Which tables hold rows of tenants: those with the tenant column, partitioned parents, leaves and foreign tables included.
-- Other statements take it as their part {tables}.
-- Columns: oid; ident; kind (relkind); owner; rls; forced; attnum of the tenant column; root, the topmost parent or itself; level, 0 there
-- Parameters: column; those of inventory/included; {ours} is inventory/included
-- Minimum version: 13
select
    c.oid,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident,
    c.relkind as kind,
    c.relowner as owner,
    c.relrowsecurity as rls,
    c.relforcerowsecurity as forced,
    a.attnum,
    scope.root,
    scope.level
from ({ours}) as scope
join pg_catalog.pg_class as c on c.oid = scope.oid and c.relkind in ('r', 'p', 'f')
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = %(column)s and not a.attisdropped
order by c.oid
