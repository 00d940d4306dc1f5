-- Which fields are corrected how often a month, over 180 days.
-- Minimum version: 13.
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
