-- Allows REFRESH CONCURRENTLY.
-- Minimum version: 13.
create unique index channel_performance_metrics_key on public.channel_performance_metrics (tenant_id, channel, metric_week, metric_month);
