-- How a rule fares.
-- Minimum version: 13.
create index correction_logs_tenant_rule on public.correction_logs (tenant_id, rule_id, correction_method, status, created_at);
