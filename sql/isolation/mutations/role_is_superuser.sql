-- A defect: a role of the application is a superuser.
-- Minimum version: 13

-- name: plant
alter role {role} superuser;

-- name: mend
-- Takes back a mutation of a role, which is the server's and not the copy's.
alter role {role} nosuperuser;
