-- How many rows each tenant has in a table, and one number for what is in them, whatever their order.
-- Columns: tenant; rows; content
-- Minimum version: 13
select
    r.{column}::pg_catalog.text as tenant,
    pg_catalog.count(*) as rows,
    pg_catalog.sum(pg_catalog.hashtextextended((r.*)::pg_catalog.text, 0)) as content
from {relation} as r
group by 1
order by 1
