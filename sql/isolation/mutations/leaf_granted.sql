-- A defect: a partition without row-level security of its own in a schema that a role of the
-- application uses and granted to it: the parent's policies hold only through the parent.
-- Minimum version: 13

-- name: plant_disable
alter table {leaf} disable row level security;

-- name: plant_schema
grant usage on schema {leaf_schema} to {role};

-- name: plant_grant
grant select on {leaf} to {role};
