-- Inside one tenant, read-only.
-- Minimum version: 13.
grant select on public.rule_effectiveness_tenant to validahub_app, validahub_analytics;
