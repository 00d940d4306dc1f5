-- Some tenants that exist: which ones does not matter, and looking for all of them would read the whole table.
-- Columns: tenant
-- Minimum version: 13
select distinct sampled.tenant
from (select {column}::pg_catalog.text as tenant from {relation} limit 1000) as sampled
order by sampled.tenant
limit 16
