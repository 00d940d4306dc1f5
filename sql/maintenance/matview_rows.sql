-- How many rows a materialized view, or a table that it reads, holds.
-- Minimum version: 13

-- name: count
-- What it answers: how many rows does the view hold?
-- Columns: rows, tenants (NULL: it has no column that tells)
-- Parameters: {view}
select pg_catalog.count(*) as rows, null::bigint as tenants
from {view};

-- name: count_by_tenant
-- What it answers: how many rows does the view hold, of how many tenants?
-- Columns: rows, tenants
-- Parameters: {view}, {column} of the tenant
select coalesce(pg_catalog.sum(tenant.rows), 0)::bigint as rows, pg_catalog.count(*) as tenants
from (
    select pg_catalog.count(*) as rows
    from {view}
    group by {column}
) as tenant;

-- name: any
-- What it answers: does the table hold any row?
-- Columns: more
-- Parameters: {table}
select exists (select from {table}) as more;

-- name: more_tenants
-- What it answers: does the table hold rows of more tenants than so many? An index that begins with the column answers with a step a
-- tenant.
-- Columns: more
-- Parameters: tenants; {table}, {column} of the tenant
with recursive found (tenant, number) as (
    (select {column}, 1 from {table} where {column} is not null order by {column} limit 1)
    union all
    select later.tenant, found.number + 1
    from found
    cross join lateral (select {column} as tenant from {table} where {column} > found.tenant order by {column} limit 1) as later
    where found.number <= %(tenants)s
)
select pg_catalog.count(*) > %(tenants)s as more from found;
