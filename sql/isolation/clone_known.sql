-- Which roles does the server have?
-- Columns: names text[]
-- Minimum version: 13
select pg_catalog.array_agg(r.rolname::text order by r.rolname) as names
from pg_catalog.pg_roles as r
