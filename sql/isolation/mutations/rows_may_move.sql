-- A defect: the tenant column may be updated and an update's new row is not judged.
-- Minimum version: 13

-- name: plant_grant
grant update ({column}) on {table} to {role};

-- name: plant_create
create policy steward_mutation on {table} for update using ({column}::text = current_setting({setting}, true)) with check (true);
