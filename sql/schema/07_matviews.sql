-- The materialized views.
-- Minimum version: 13

-- name: set_role
-- REFRESH runs as the owner, who must not be filtered by row-level security.
set role validahub_system;

-- name: rule_effectiveness
-- How each rule fares a day, over 90 days.
create materialized view public.rule_effectiveness as
select
    c.tenant_id,
    c.rule_id,
    coalesce(v.version, 'unknown') as rule_version,
    coalesce(s.channel, 'custom') as channel,
    (c.created_at at time zone 'UTC')::date as metric_date,
    count(*) as total_corrections,
    count(*) filter (where c.status in ('approved', 'applied')) as successful_corrections,
    count(*) filter (where c.status in ('rejected', 'reverted')) as failed_corrections,
    avg(c.confidence_score) as average_confidence
from public.correction_logs as c
left join public.rule_versions as v on v.id = c.rule_version_id and v.tenant_id = c.tenant_id
left join public.rule_sets as s on s.id = c.rule_set_id and s.tenant_id = c.tenant_id
where c.created_at >= now() - interval '90 days' and c.status <> 'deleted'
group by 1, 2, 3, 4, 5;

-- name: rule_effectiveness_key
-- Allows REFRESH CONCURRENTLY.
create unique index rule_effectiveness_key on public.rule_effectiveness (tenant_id, rule_id, rule_version, channel, metric_date);

-- name: daily_tenant_metrics
-- What a tenant corrects and adopts a day, over 365 days.
create materialized view public.daily_tenant_metrics as
select
    tenant_id,
    metric_date,
    coalesce(c.total_corrections, 0) as total_corrections,
    coalesce(c.successful_corrections, 0) as successful_corrections,
    coalesce(c.auto_corrections, 0) as auto_corrections,
    coalesce(s.suggestions_generated, 0) as suggestions_generated,
    coalesce(s.suggestions_implemented, 0) as suggestions_implemented,
    round(c.successful_corrections::numeric / nullif(c.total_corrections, 0), 4) as correction_success_rate,
    round(c.auto_corrections::numeric / nullif(c.total_corrections, 0), 4) as automation_rate,
    round(s.suggestions_implemented::numeric / nullif(s.suggestions_generated, 0), 4) as suggestion_adoption_rate
from (
    select
        tenant_id,
        (created_at at time zone 'UTC')::date as metric_date,
        count(*) as total_corrections,
        count(*) filter (where status in ('approved', 'applied')) as successful_corrections,
        count(*) filter (where correction_method <> 'manual') as auto_corrections
    from public.correction_logs
    where created_at >= now() - interval '365 days' and status <> 'deleted'
    group by 1, 2
) as c
full join (
    select
        tenant_id,
        (created_at at time zone 'UTC')::date as metric_date,
        count(*) as suggestions_generated,
        count(*) filter (where status = 'implemented') as suggestions_implemented
    from public.suggestions
    where created_at >= now() - interval '365 days'
    group by 1, 2
) as s using (tenant_id, metric_date);

-- name: daily_tenant_metrics_key
-- Allows REFRESH CONCURRENTLY.
create unique index daily_tenant_metrics_key on public.daily_tenant_metrics (tenant_id, metric_date);

-- name: channel_performance_metrics
-- How each channel fares a week, over 180 days.
create materialized view public.channel_performance_metrics as
select
    s.tenant_id,
    s.channel,
    date_trunc('week', c.created_at at time zone 'UTC')::date as metric_week,
    date_trunc('month', c.created_at at time zone 'UTC')::date as metric_month,
    count(*) as total_corrections,
    count(distinct c.job_id) as jobs,
    count(*) filter (where c.status in ('approved', 'applied')) as successful_corrections
from public.correction_logs as c
join public.rule_sets as s on s.id = c.rule_set_id and s.tenant_id = c.tenant_id
where c.created_at >= now() - interval '180 days' and c.status <> 'deleted'
group by 1, 2, 3, 4;

-- name: channel_performance_metrics_key
-- Allows REFRESH CONCURRENTLY.
create unique index channel_performance_metrics_key on public.channel_performance_metrics (tenant_id, channel, metric_week, metric_month);

-- name: field_correction_patterns
-- Which fields are corrected how often a month, over 180 days.
create materialized view public.field_correction_patterns as
select
    c.tenant_id,
    c.field_name,
    coalesce(s.channel, 'custom') as channel,
    date_trunc('month', c.created_at at time zone 'UTC')::date as metric_month,
    count(*) as total_corrections,
    count(distinct c.correction_type) as correction_types,
    avg(c.confidence_score) as average_confidence
from public.correction_logs as c
left join public.rule_sets as s on s.id = c.rule_set_id and s.tenant_id = c.tenant_id
where c.created_at >= now() - interval '180 days' and c.status <> 'deleted'
group by 1, 2, 3, 4;

-- name: field_correction_patterns_key
-- Allows REFRESH CONCURRENTLY.
create unique index field_correction_patterns_key on public.field_correction_patterns (tenant_id, field_name, channel, metric_month);
