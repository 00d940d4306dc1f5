-- Of which tenants a session sees rows, and how many.
-- Columns: tenant; rows
-- Minimum version: 13
select r.{column}::pg_catalog.text as tenant, pg_catalog.count(*) as rows
from {relation} as r
group by 1
order by 1
