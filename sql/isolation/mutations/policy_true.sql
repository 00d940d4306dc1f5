-- A defect: a permissive policy that is true for every row makes the others void.
-- Minimum version: 13

-- name: plant
create policy steward_mutation on {table} using (true);
