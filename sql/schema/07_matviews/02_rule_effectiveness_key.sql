-- Allows REFRESH CONCURRENTLY.
-- Minimum version: 13.
create unique index rule_effectiveness_key on public.rule_effectiveness (tenant_id, rule_id, rule_version, channel, metric_date);
