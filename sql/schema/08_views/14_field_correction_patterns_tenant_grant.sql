-- Inside one tenant, read-only.
-- Minimum version: 13.
grant select on public.field_correction_patterns_tenant to validahub_app, validahub_analytics;
