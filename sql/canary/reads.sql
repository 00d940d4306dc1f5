-- The small reads of the canary, which measures how long an application waits during a run.
-- Minimum version: 13

-- name: tenants
-- Some tenants that exist: which ones does not matter, and looking for all of them would read the whole table.
-- Columns: tenant
select distinct sampled.tenant
from (select {column}::pg_catalog.text as tenant from {relation} limit 1000) as sampled
order by sampled.tenant
limit 16;

-- name: set_tenant
-- Puts the transaction into a tenant, as the application does.
-- Columns: set_config
select pg_catalog.set_config(%(setting)s, %(tenant)s, true);

-- name: read
-- One small read, as the application does thousands of: an index leads to the row, and its locks meet those of maintenance.
-- Columns: found
select true as found
from {relation} as r
where {of_tenant} and {recent}
limit 1;

-- fragment: of_tenant
-- A condition: rows of one tenant, through the index that leads with it.
r.{column} = %(tenant)s

-- fragment: recent
-- A condition: rows of the recent leaves. A bound value, because a function of the clock would lock all leaves to find them.
r.{clock} >= %(since)s
