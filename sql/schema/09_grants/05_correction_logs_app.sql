-- The application; its deletes of corrections are soft.
grant select, insert on public.correction_logs to validahub_app;
