-- Every column but the identity: a row never moves to another tenant.
-- Minimum version: 13.
grant update (
    job_id, record_number, field_name, rule_id, original_value, suggested_value, alternative_suggestions,
    model_name, model_type, model_version, confidence_score, status, source, priority_score, business_impact,
    expires_at, valid_until, reviewed_at, accepted_at, rejected_at, used_for_training, training_batch_id,
    created_at, updated_at
) on public.suggestions to validahub_app;
