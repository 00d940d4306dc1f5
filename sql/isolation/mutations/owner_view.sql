-- A defect: a view whose owner row-level security does not filter and that a role of the
-- application may read.
-- Minimum version: 13

-- name: plant_create
create view {made} as select * from {table};

-- name: plant_grant
grant select on {made} to {role};
