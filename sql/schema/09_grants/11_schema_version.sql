-- Everybody may ask for the version.
-- Minimum version: 13.
grant select on public.schema_version to validahub_app, validahub_analytics, validahub_admin, validahub_system;
