-- Every column but the identity: a row never moves to another tenant.
-- Minimum version: 13.
grant update (
    channel, name, status, is_active, metadata, version, shadow_period_days, created_at, updated_at,
    created_by, updated_by, deleted_at
) on public.rule_sets to validahub_app;
