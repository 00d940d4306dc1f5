-- What it answers: how many rows does the view hold, of how many tenants?
-- Columns: rows, tenants
-- Parameters: {view}, {column} of the tenant
-- Minimum version: 13
select coalesce(pg_catalog.sum(tenant.rows), 0)::bigint as rows, pg_catalog.count(*) as tenants
from (
    select pg_catalog.count(*) as rows
    from {view}
    group by {column}
) as tenant
