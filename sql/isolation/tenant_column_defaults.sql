-- What is the default of the tenant column, or else of its domain? Of a tree the root's, which is what a row gets that comes through it.
-- Columns: ident of the column; definition; mending
-- Parameters: column; those of inventory/included; {tables} is isolation/tenant_tables
-- Minimum version: 13
select
    t.ident || '.' || pg_catalog.quote_ident(a.attname) as ident,
    coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), pg_catalog.pg_get_expr(y.typdefaultbin, 0)) as definition,
    case
        when d.oid is null then pg_catalog.format('alter domain %%I.%%I drop default', n.nspname, y.typname)
        else pg_catalog.format('alter table %%s alter column %%I drop default', t.ident, a.attname)
    end as mending
from ({tables}) as t
join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum = t.attnum and a.attgenerated = ''
join pg_catalog.pg_type as y on y.oid = a.atttypid
join pg_catalog.pg_namespace as n on n.oid = y.typnamespace
left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where t.level = 0
    and (d.oid is not null or y.typdefaultbin is not null)
order by ident
