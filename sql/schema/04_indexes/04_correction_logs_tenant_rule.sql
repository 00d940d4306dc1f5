-- How a rule fares.
create index correction_logs_tenant_rule on public.correction_logs (tenant_id, rule_id, correction_method, status, created_at);
