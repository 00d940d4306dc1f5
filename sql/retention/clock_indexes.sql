-- What it answers: which of these leaves have an index that walks a clock column in order? Valid btrees over all rows.
-- Parameters: relations, column.
-- Columns: relation, pages (of the leaf as last counted; 0 while nothing has).
-- Minimum version: 13.
select distinct
    index.indrelid::pg_catalog.int8 as relation,
    greatest(leaf.relpages, 0) as pages
from pg_catalog.pg_index as index
join pg_catalog.pg_class as leaf on leaf.oid = index.indrelid
join pg_catalog.pg_class as own on own.oid = index.indexrelid
join pg_catalog.pg_am as method on method.oid = own.relam and method.amname = 'btree'
join pg_catalog.pg_attribute as attribute on attribute.attrelid = index.indrelid and attribute.attnum = index.indkey[0]
where index.indrelid = any (%(relations)s::pg_catalog.oid[])
    and attribute.attname = %(column)s
    and index.indisvalid
    and index.indpred is null
order by relation
