-- Which tenants have rows among the first ones of a table.
-- Columns: tenant; rows
-- Minimum version: 13
select sampled.tenant, pg_catalog.count(*)::pg_catalog.float8 as rows
from (select r.{column}::pg_catalog.text as tenant from {relation} as r limit 10000) as sampled
where sampled.tenant is not null
group by sampled.tenant
order by rows desc, sampled.tenant
limit 16
