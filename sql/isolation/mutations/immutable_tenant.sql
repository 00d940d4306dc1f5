-- A defect: the function that tells the tenant is declared immutable, so that a generic plan keeps
-- the first one's answer and the policy asks it.
-- Minimum version: 13

-- name: plant_function
create function {made}() returns text language sql immutable as $mutation$ select current_setting({setting}, true) $mutation$;

-- name: plant_create
create policy steward_mutation on {table} using ({column}::text = {made}());
