-- A defect: a tenant that was reset, and so is empty, is every tenant.
-- Minimum version: 13

-- name: plant
create policy steward_mutation on {table} using (current_setting({setting}, true) = '');
