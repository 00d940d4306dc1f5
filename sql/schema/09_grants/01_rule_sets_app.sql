-- The application.
grant select, insert, delete on public.rule_sets to validahub_app;
