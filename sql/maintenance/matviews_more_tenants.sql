-- What it answers: does the table hold rows of more tenants than so many? An index that begins with the column answers with a step a
-- tenant.
-- Columns: more
-- Parameters: tenants; {table}, {column} of the tenant
-- Minimum version: 13
with recursive found (tenant, number) as (
    (select {column}, 1 from {table} where {column} is not null order by {column} limit 1)
    union all
    select later.tenant, found.number + 1
    from found
    cross join lateral (select {column} as tenant from {table} where {column} > found.tenant order by {column} limit 1) as later
    where found.number <= %(tenants)s
)
select pg_catalog.count(*) > %(tenants)s as more from found
