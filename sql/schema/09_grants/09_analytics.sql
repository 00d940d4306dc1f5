-- Read-only inside one tenant.
-- Minimum version: 13.
grant select on public.rule_sets, public.rule_versions, public.correction_logs, public.suggestions to validahub_analytics;
