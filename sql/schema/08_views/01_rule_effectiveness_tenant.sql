-- Materialized views have no row-level security: this barrier is what applications read.
-- Minimum version: 13.
create view public.rule_effectiveness_tenant with (security_barrier) as
select
    tenant_id,
    rule_id,
    rule_version,
    channel,
    metric_date,
    total_corrections,
    successful_corrections,
    failed_corrections,
    average_confidence
from public.rule_effectiveness
where tenant_id = current_setting('app.current_tenant_id', true);
