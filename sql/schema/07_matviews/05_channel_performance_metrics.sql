-- How each channel fares a week, over 180 days.
-- Minimum version: 13.
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
