-- A defect: TRUNCATE, which asks no policy, is granted to a role of the application.
-- Minimum version: 13

-- name: plant
grant truncate on {table} to {role};
