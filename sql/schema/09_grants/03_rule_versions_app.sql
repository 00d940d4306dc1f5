-- The application.
-- Minimum version: 13.
grant select, insert, delete on public.rule_versions to validahub_app;
