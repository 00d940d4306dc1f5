-- The rights on tables, views and functions.
-- Minimum version: 13

-- name: set_role
-- Rights are the owner's to give.
set role validahub_owner;

-- name: rule_sets_app
-- The application.
grant select, insert, delete on public.rule_sets to validahub_app;

-- name: rule_sets_app_update
-- Every column but the identity: a row never moves to another tenant.
grant update (
    channel, name, status, is_active, metadata, version, shadow_period_days, created_at, updated_at,
    created_by, updated_by, deleted_at
) on public.rule_sets to validahub_app;

-- name: rule_versions_app
-- The application.
grant select, insert, delete on public.rule_versions to validahub_app;

-- name: rule_versions_app_update
-- Every column but the identity: a row never moves to another tenant.
grant update (
    rule_set_id, major, minor, patch, version, is_current, is_latest, status, mapping_yaml, ruleset_yaml,
    compiled_ir, schema_hash, validation_errors, performance_metrics, published_at, deprecated_at,
    archived_at, created_at, updated_at
) on public.rule_versions to validahub_app;

-- name: correction_logs_app
-- The application; its deletes of corrections are soft.
grant select, insert on public.correction_logs to validahub_app;

-- name: correction_logs_app_update
-- Every column but the identity: a row never moves to another tenant.
grant update (
    job_id, rule_set_id, rule_version_id, correction_batch_id, record_number, field_name, rule_id,
    original_value, corrected_value, correction_type, correction_method, confidence_score,
    correction_metadata, status, estimated_impact, actual_impact, applied_at, created_at, created_by,
    correlation_id
) on public.correction_logs to validahub_app;

-- name: suggestions_app
-- The application.
grant select, insert, delete on public.suggestions to validahub_app;

-- name: suggestions_app_update
-- Every column but the identity: a row never moves to another tenant.
grant update (
    job_id, record_number, field_name, rule_id, original_value, suggested_value, alternative_suggestions,
    model_name, model_type, model_version, confidence_score, status, source, priority_score, business_impact,
    expires_at, valid_until, reviewed_at, accepted_at, rejected_at, used_for_training, training_batch_id,
    created_at, updated_at
) on public.suggestions to validahub_app;

-- name: analytics
-- Read-only inside one tenant.
grant select on public.rule_sets, public.rule_versions, public.correction_logs, public.suggestions to validahub_analytics;

-- name: admin
-- People, by exception.
grant select, insert, update, delete on public.rule_sets, public.rule_versions, public.correction_logs, public.suggestions
    to validahub_admin;

-- name: schema_version
-- Everybody may ask for the version.
grant select on public.schema_version to validahub_app, validahub_analytics, validahub_admin, validahub_system;

-- name: functions
-- Only whom the context concerns may set it.
revoke execute on function public.set_tenant_context(text, text), public.clear_tenant_context() from public;

-- name: functions_app
-- Those who work inside a tenant.
grant execute on function public.set_tenant_context(text, text), public.clear_tenant_context()
    to validahub_app, validahub_analytics, validahub_admin, validahub_system;

-- name: reset_role
-- The next statement is the caller's own.
reset role;
