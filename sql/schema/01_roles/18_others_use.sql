-- Explicit, for databases that took the default from PUBLIC.
grant usage on schema public to validahub_app, validahub_analytics, validahub_admin;
