-- A defect: without a tenant in the session every row is the session's own.
-- Minimum version: 13

-- name: plant
create policy steward_mutation on {table} using ({column}::text = coalesce(current_setting({setting}, true), {column}::text));
