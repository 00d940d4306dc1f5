-- A defect: there is a role with BYPASSRLS that may read the table where it stands and a role of
-- the application can become it by SET ROLE.
-- Minimum version: 13

-- name: plant_create
create role steward_mutation nologin bypassrls;

-- name: plant_tables
grant select on {table} to steward_mutation;

-- name: plant_schema
grant usage on schema {schema} to steward_mutation;

-- name: plant_grant
grant steward_mutation to {role};

-- name: mend_drop_owned
-- Takes back a mutation of a role, which is the server's and not the copy's: first what it was granted …
drop owned by steward_mutation;

-- name: mend_drop
-- … then the role.
drop role steward_mutation;
