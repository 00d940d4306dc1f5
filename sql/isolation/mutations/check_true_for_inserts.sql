-- A defect: rows of any tenant may be inserted.
-- Minimum version: 13

-- name: plant
create policy steward_mutation on {table} for insert with check (true);
