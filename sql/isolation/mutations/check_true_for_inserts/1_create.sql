-- A defect: rows of any tenant may be inserted.
-- Minimum version: 13
create policy steward_mutation on {table} for insert with check (true)
