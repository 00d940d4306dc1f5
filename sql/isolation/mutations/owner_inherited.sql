-- A defect: row-level security does not hold for the table's owner whose rights a role of the
-- application has by membership.
-- Minimum version: 13

-- name: plant_no_force
alter table {table} no force row level security;

-- name: plant_grant
grant {owner} to {role};

-- name: mend
-- Takes back a mutation of a role, which is the server's and not the copy's.
revoke {owner} from {role};
