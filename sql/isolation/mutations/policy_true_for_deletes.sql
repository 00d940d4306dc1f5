-- A defect: rows of any tenant may be deleted, by a statement without a condition.
-- Minimum version: 13

-- name: plant
create policy steward_mutation on {table} for delete using (true);
