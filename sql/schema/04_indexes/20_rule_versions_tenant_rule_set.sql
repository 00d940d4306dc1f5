-- Serves the cascade from rule_sets.
-- Minimum version: 13.
create index rule_versions_tenant_rule_set on public.rule_versions (tenant_id, rule_set_id);
