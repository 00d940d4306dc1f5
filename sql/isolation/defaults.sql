-- What is the default of the tenant column? Of a tree the root's, which is what a row gets that comes through it.
-- Columns: ident of the column; definition; mending
-- Parameters: column; those of inventory/ours; {tables} is isolation/tables
-- Minimum version: 13
select
    t.ident || '.' || pg_catalog.quote_ident(a.attname) as ident,
    pg_catalog.pg_get_expr(d.adbin, d.adrelid) as definition,
    pg_catalog.format('alter table %%s alter column %%I drop default', t.ident, a.attname) as mending
from ({tables}) as t
join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum = t.attnum and a.attgenerated = ''
join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where t.level = 0
order by ident
