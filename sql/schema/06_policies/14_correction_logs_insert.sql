-- The application writes in its current user's name only; an emptied name is refused by the table's CHECK.
-- Minimum version: 13.
create policy app_insert_as_self on public.correction_logs
    as restrictive for insert to validahub_app
    with check (created_by = current_setting('app.current_user_id', true));
