-- Views over the materialized views, which applications read.
-- Minimum version: 13

-- name: rule_effectiveness_tenant
-- Materialized views have no row-level security: this barrier is what applications read.
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

-- name: daily_tenant_metrics_tenant
-- Materialized views have no row-level security: this barrier is what applications read.
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

-- name: channel_performance_metrics_tenant
-- Materialized views have no row-level security: this barrier is what applications read.
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

-- name: field_correction_patterns_tenant
-- Materialized views have no row-level security: this barrier is what applications read.
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

-- name: rule_effectiveness_tenant_grant
-- Inside one tenant, read-only.
grant select on public.rule_effectiveness_tenant to validahub_app, validahub_analytics;

-- name: daily_tenant_metrics_tenant_grant
-- Inside one tenant, read-only.
grant select on public.daily_tenant_metrics_tenant to validahub_app, validahub_analytics;

-- name: channel_performance_metrics_tenant_grant
-- Inside one tenant, read-only.
grant select on public.channel_performance_metrics_tenant to validahub_app, validahub_analytics;

-- name: field_correction_patterns_tenant_grant
-- Inside one tenant, read-only.
grant select on public.field_correction_patterns_tenant to validahub_app, validahub_analytics;
