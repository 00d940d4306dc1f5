-- Every column but the identity: a row never moves to another tenant.
-- Minimum version: 13.
grant update (
    job_id, rule_set_id, rule_version_id, correction_batch_id, record_number, field_name, rule_id,
    original_value, corrected_value, correction_type, correction_method, confidence_score,
    correction_metadata, status, estimated_impact, actual_impact, applied_at, created_at, created_by,
    correlation_id
) on public.correction_logs to validahub_app;
