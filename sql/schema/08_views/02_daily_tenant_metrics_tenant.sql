-- Materialized views have no row-level security: this barrier is what applications read.
-- Minimum version: 13.
create view public.daily_tenant_metrics_tenant with (security_barrier) as
select
    tenant_id,
    metric_date,
    total_corrections,
    successful_corrections,
    auto_corrections,
    suggestions_generated,
    suggestions_implemented,
    correction_success_rate,
    automation_rate,
    suggestion_adoption_rate
from public.daily_tenant_metrics
where tenant_id = current_setting('app.current_tenant_id', true);
