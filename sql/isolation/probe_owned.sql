-- How many rows of a table some tenants have.
-- Columns: tenant; rows
-- Minimum version: 13
select r.{column}::pg_catalog.text as tenant, pg_catalog.count(*) as rows
from {relation} as r
where r.{column} in ({tenants})
group by 1
order by 1
