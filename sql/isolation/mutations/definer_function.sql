-- A defect: a function that reads with the rights of an owner whom row-level security does not
-- filter and that a role of the application may call.
-- Minimum version: 13

-- name: plant_create
create function {made}() returns setof {table} language sql stable security definer as $mutation$ select * from {table} $mutation$;

-- name: plant_grant
grant execute on function {made}() to {role};
