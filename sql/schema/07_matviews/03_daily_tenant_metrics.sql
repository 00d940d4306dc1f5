-- What a tenant corrects and adopts a day, over 365 days.
-- Minimum version: 13.
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
