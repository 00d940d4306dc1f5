-- What was corrected; one partition a calendar month, in UTC. No foreign keys: at 10^8 rows a month they would cost more than
-- they protect, and versions are archived, not deleted, while corrections refer to them.
-- Minimum version: 13.
create table public.correction_logs (
    id uuid not null default gen_random_uuid(),
    tenant_id varchar(50) not null,
    job_id uuid not null,
    rule_set_id uuid,
    rule_version_id uuid,
    correction_batch_id uuid,
    record_number integer not null,
    field_name text not null,
    rule_id text not null,
    original_value jsonb,
    corrected_value jsonb,
    correction_type text not null,
    correction_method text not null,
    confidence_score numeric(5, 4),
    correction_metadata jsonb not null default '{{}}',
    status text not null default 'pending',
    estimated_impact jsonb,
    actual_impact jsonb,
    applied_at timestamptz,
    created_at timestamptz not null default now(),
    created_by text not null,
    correlation_id uuid,
    constraint correction_logs_pkey primary key (id, created_at),
    constraint correction_logs_tenant_id_check check (tenant_id ~ '^t_[a-z0-9_]{{1,47}}$'),
    constraint correction_logs_record_number_check check (record_number >= 0),
    constraint correction_logs_correction_method_check check (correction_method in ('manual', 'automatic', 'ml_suggestion', 'rule_based')),
    constraint correction_logs_confidence_score_check check (confidence_score between 0 and 1),
    constraint correction_logs_status_check check (status in ('pending', 'approved', 'rejected', 'applied', 'reverted', 'deleted')),
    constraint correction_logs_created_by_check check (created_by <> '')
) partition by range (created_at);
