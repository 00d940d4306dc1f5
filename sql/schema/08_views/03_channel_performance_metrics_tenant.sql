-- Materialized views have no row-level security: this barrier is what applications read.
-- Minimum version: 13.
create view public.channel_performance_metrics_tenant with (security_barrier) as
select
    tenant_id,
    channel,
    metric_week,
    metric_month,
    total_corrections,
    jobs,
    successful_corrections
from public.channel_performance_metrics
where tenant_id = current_setting('app.current_tenant_id', true);
