-- Inside one tenant, read-only.
-- Minimum version: 13.
grant select on public.daily_tenant_metrics_tenant to validahub_app, validahub_analytics;
