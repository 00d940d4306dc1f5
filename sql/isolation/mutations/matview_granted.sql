-- A defect: a materialized view, which has no row-level security holds every tenant's rows,
-- because its owner is not filtered and may be read by a role of the application.
-- Minimum version: 13

-- name: plant_create
create materialized view {made} as select * from {table};

-- name: plant_owner
alter materialized view {made} owner to {maintenance};

-- name: plant_grant
grant select on {made} to {role};
