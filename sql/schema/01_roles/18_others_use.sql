-- Explicit, for databases that took the default from PUBLIC.
-- Minimum version: 13.
grant usage on schema public to validahub_app, validahub_analytics, validahub_admin;
