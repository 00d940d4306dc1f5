-- What the tenants of a walk have in a table: the number of their rows, and one number for what is in them, whatever their order.
-- Columns: tenant; rows; content
-- Minimum version: 13
select
    r.{column}::pg_catalog.text as tenant,
    pg_catalog.count(*) as rows,
    pg_catalog.sum(pg_catalog.hashtextextended((r.*)::pg_catalog.text, 0)) as content
from {relation} as r
where r.{column} in ({tenants})
group by 1
order by 1
