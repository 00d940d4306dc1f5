-- A defect: a role of the application has BYPASSRLS.
-- Minimum version: 13

-- name: plant
alter role {role} bypassrls;

-- name: mend
-- Takes back a mutation of a role, which is the server's and not the copy's.
alter role {role} nobypassrls;
