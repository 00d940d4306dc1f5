-- A defect: row-level security of a table of tenants is off.
-- Minimum version: 13

-- name: plant
alter table {table} disable row level security;
