-- The indexes.
-- Minimum version: 13

-- name: correction_logs_tenant_created
-- A tenant's latest corrections.
create index correction_logs_tenant_created on public.correction_logs (tenant_id, created_at desc);

-- name: correction_logs_tenant_job_record
-- A job's corrections, record by record.
create index correction_logs_tenant_job_record on public.correction_logs (tenant_id, job_id, record_number);

-- name: correction_logs_tenant_batch_status
-- A batch's state.
create index correction_logs_tenant_batch_status on public.correction_logs (tenant_id, correction_batch_id, status);

-- name: correction_logs_tenant_rule
-- How a rule fares.
create index correction_logs_tenant_rule on public.correction_logs (tenant_id, rule_id, correction_method, status, created_at);

-- name: correction_logs_pending
-- What waits for a decision.
create index correction_logs_pending on public.correction_logs (tenant_id, created_at) where status = 'pending';

-- name: correction_logs_applied
-- What was applied.
create index correction_logs_applied on public.correction_logs (tenant_id, applied_at) where status = 'applied';

-- name: correction_logs_metadata
-- Searches in the metadata.
create index correction_logs_metadata on public.correction_logs using gin (correction_metadata);

-- name: correction_logs_estimated_impact
-- Searches in the estimated impact.
create index correction_logs_estimated_impact on public.correction_logs using gin (estimated_impact);

-- name: suggestions_tenant_job_record
-- A job's suggestions, record by record.
create index suggestions_tenant_job_record on public.suggestions (tenant_id, job_id, record_number);

-- name: suggestions_tenant_model
-- How a model fares.
create index suggestions_tenant_model on public.suggestions (tenant_id, model_name, confidence_score, created_at);

-- name: suggestions_high_confidence
-- What may be applied without a person.
create index suggestions_high_confidence on public.suggestions (tenant_id, created_at) where confidence_score >= 0.9;

-- name: suggestions_accepted
-- What was accepted.
create index suggestions_accepted on public.suggestions (tenant_id, accepted_at) where status = 'accepted';

-- name: suggestions_original_value
-- Searches in the original value.
create index suggestions_original_value on public.suggestions using gin (original_value);

-- name: suggestions_suggested_value
-- Searches in the suggested value.
create index suggestions_suggested_value on public.suggestions using gin (suggested_value);

-- name: suggestions_alternatives
-- Searches in the alternatives.
create index suggestions_alternatives on public.suggestions using gin (alternative_suggestions);

-- name: suggestions_business_impact
-- Searches in the impact.
create index suggestions_business_impact on public.suggestions using gin (business_impact);

-- name: rule_sets_tenant_channel
-- A tenant's active sets of a channel.
create index rule_sets_tenant_channel on public.rule_sets (tenant_id, channel) where deleted_at is null;

-- name: rule_versions_one_current
-- At most one current version a rule set.
create unique index rule_versions_one_current on public.rule_versions (rule_set_id) where is_current;

-- name: rule_versions_one_latest
-- At most one latest version a rule set.
create unique index rule_versions_one_latest on public.rule_versions (rule_set_id) where is_latest;

-- name: rule_versions_tenant_rule_set
-- Serves the cascade from rule_sets.
create index rule_versions_tenant_rule_set on public.rule_versions (tenant_id, rule_set_id);
