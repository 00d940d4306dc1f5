-- Allows REFRESH CONCURRENTLY.
create unique index rule_effectiveness_key on public.rule_effectiveness (tenant_id, rule_id, rule_version, channel, metric_date);
