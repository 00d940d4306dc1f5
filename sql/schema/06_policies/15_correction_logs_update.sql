-- What is closed stays closed. Without a check of its own the condition would judge the new row too, and nothing could be closed.
-- Minimum version: 13.
create policy app_update_open on public.correction_logs
    as restrictive for update to validahub_app
    using (status in ('pending', 'approved', 'applied'))
    with check (status in ('pending', 'approved', 'rejected', 'applied', 'reverted', 'deleted'));
