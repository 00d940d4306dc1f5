-- … and an update's new row is not judged.
-- Minimum version: 13
create policy steward_mutation on {table} for update using ({column}::text = current_setting({setting}, true)) with check (true)
