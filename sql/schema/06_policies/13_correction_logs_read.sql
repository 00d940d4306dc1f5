-- Restrictive, so that it narrows the tenant's policy instead of being OR-ed with it: the application reads two years back.
-- Minimum version: 13.
create policy app_read_window on public.correction_logs
    as restrictive for select to validahub_app
    using (created_at >= now() - interval '2 years');
