-- A defect: rows of any tenant may be updated.
-- Minimum version: 13

-- name: plant
create policy steward_mutation on {table} for update using (true) with check (true);
