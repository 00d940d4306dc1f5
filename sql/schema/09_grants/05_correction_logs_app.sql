-- The application; its deletes of corrections are soft.
-- Minimum version: 13.
grant select, insert on public.correction_logs to validahub_app;
