-- Inside one tenant, read-only.
grant select on public.rule_effectiveness_tenant to validahub_app, validahub_analytics;
