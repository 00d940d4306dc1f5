-- Allows REFRESH CONCURRENTLY.
-- Minimum version: 13.
create unique index daily_tenant_metrics_key on public.daily_tenant_metrics (tenant_id, metric_date);
