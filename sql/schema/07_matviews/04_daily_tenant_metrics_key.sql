-- Allows REFRESH CONCURRENTLY.
create unique index daily_tenant_metrics_key on public.daily_tenant_metrics (tenant_id, metric_date);
