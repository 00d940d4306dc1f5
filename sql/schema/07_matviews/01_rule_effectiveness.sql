-- How each rule fares a day, over 90 days.
-- Minimum version: 13.
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
