-- A defect: a permissive policy that lets everybody read every row.
-- Minimum version: 13

-- name: plant
create policy steward_mutation on {table} for select using (true);
