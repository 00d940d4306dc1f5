-- A defect: a permissive policy that lets everybody read every row.
-- Minimum version: 13
create policy steward_mutation on {table} for select using (true)
