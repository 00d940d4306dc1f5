-- Inside one tenant, read-only.
-- Minimum version: 13.
grant select on public.channel_performance_metrics_tenant to validahub_app, validahub_analytics;
