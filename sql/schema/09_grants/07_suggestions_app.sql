-- The application.
-- Minimum version: 13.
grant select, insert, delete on public.suggestions to validahub_app;
