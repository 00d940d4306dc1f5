-- The application.
grant select, insert, delete on public.suggestions to validahub_app;
