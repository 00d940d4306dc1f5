-- Materialized views have no row-level security: this barrier is what applications read.
-- Minimum version: 13.
create view public.field_correction_patterns_tenant with (security_barrier) as
select
    tenant_id,
    field_name,
    channel,
    metric_month,
    total_corrections,
    correction_types,
    average_confidence
from public.field_correction_patterns
where tenant_id = current_setting('app.current_tenant_id', true);
