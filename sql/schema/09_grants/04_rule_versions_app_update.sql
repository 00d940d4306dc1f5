-- Every column but the identity: a row never moves to another tenant.
-- Minimum version: 13.
grant update (
    rule_set_id, major, minor, patch, version, is_current, is_latest, status, mapping_yaml, ruleset_yaml,
    compiled_ir, schema_hash, validation_errors, performance_metrics, published_at, deprecated_at,
    archived_at, created_at, updated_at
) on public.rule_versions to validahub_app;
