-- The application.
grant select, insert, delete on public.rule_versions to validahub_app;
