-- The application.
-- Minimum version: 13.
grant select, insert, delete on public.rule_sets to validahub_app;
