-- The tables.
-- Minimum version: 13

-- name: rule_sets
-- Rule sets of a tenant for a channel; deleted_at is the soft delete.
-- The unique key over tenant and id is what a version's foreign key refers to.
create table public.rule_sets (
    id uuid not null default gen_random_uuid(),
    tenant_id varchar(50) not null,
    channel public.marketplace_channel not null,
    name text not null,
    status public.rule_set_status not null default 'draft',
    is_active boolean not null default true,
    metadata jsonb not null default '{}',
    version integer not null default 1,
    shadow_period_days integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by text not null,
    updated_by text,
    deleted_at timestamptz,
    constraint rule_sets_pkey primary key (id),
    constraint rule_sets_tenant_id_id_key unique (tenant_id, id),
    constraint rule_sets_tenant_id_check check (tenant_id ~ '^t_[a-z0-9_]{1,47}$'),
    constraint rule_sets_version_check check (version > 0),
    constraint rule_sets_shadow_period_days_check check (shadow_period_days between 0 and 30),
    constraint rule_sets_name_check check (name <> '')
);

-- name: rule_versions
-- Versions of a rule set. The foreign key holds the tenant too: without it a version could point into another tenant's
-- rule set, and whether the insert succeeds would tell that such a set exists.
create table public.rule_versions (
    id uuid not null default gen_random_uuid(),
    tenant_id varchar(50) not null,
    rule_set_id uuid not null,
    major integer not null,
    minor integer not null,
    patch integer not null,
    version text not null,
    is_current boolean not null default false,
    is_latest boolean not null default false,
    status public.version_status not null default 'draft',
    mapping_yaml text not null default '',
    ruleset_yaml text not null default '',
    compiled_ir jsonb,
    schema_hash char(64),
    validation_errors jsonb not null default '[]',
    performance_metrics jsonb not null default '{}',
    published_at timestamptz,
    deprecated_at timestamptz,
    archived_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint rule_versions_pkey primary key (id),
    constraint rule_versions_rule_set_id_version_key unique (rule_set_id, version),
    constraint rule_versions_rule_set_fkey foreign key (tenant_id, rule_set_id)
        references public.rule_sets (tenant_id, id) on delete cascade,
    constraint rule_versions_tenant_id_check check (tenant_id ~ '^t_[a-z0-9_]{1,47}$'),
    constraint rule_versions_numbers_check check (major >= 0 and minor >= 0 and patch >= 0),
    constraint rule_versions_schema_hash_check check (schema_hash ~ '^[0-9a-f]{64}$'),
    constraint rule_versions_published_at_check check (status <> 'published' or published_at is not null),
    constraint rule_versions_deprecated_at_check check (status <> 'deprecated' or deprecated_at is not null),
    constraint rule_versions_archived_at_check check (status <> 'archived' or archived_at is not null)
);

-- name: correction_logs
-- What was corrected; one partition a calendar month, in UTC. No foreign keys: at 10^8 rows a month they would cost more than
-- they protect, and versions are archived, not deleted, while corrections refer to them.
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
    correction_metadata jsonb not null default '{}',
    status text not null default 'pending',
    estimated_impact jsonb,
    actual_impact jsonb,
    applied_at timestamptz,
    created_at timestamptz not null default now(),
    created_by text not null,
    correlation_id uuid,
    constraint correction_logs_pkey primary key (id, created_at),
    constraint correction_logs_tenant_id_check check (tenant_id ~ '^t_[a-z0-9_]{1,47}$'),
    constraint correction_logs_record_number_check check (record_number >= 0),
    constraint correction_logs_correction_method_check check (correction_method in ('manual', 'automatic', 'ml_suggestion', 'rule_based')),
    constraint correction_logs_confidence_score_check check (confidence_score between 0 and 1),
    constraint correction_logs_status_check check (status in ('pending', 'approved', 'rejected', 'applied', 'reverted', 'deleted')),
    constraint correction_logs_created_by_check check (created_by <> '')
) partition by range (created_at);

-- name: suggestions
-- What the models suggest; written in bulk, most rows expire unread.
create table public.suggestions (
    id uuid not null default gen_random_uuid(),
    tenant_id varchar(50) not null,
    job_id uuid not null,
    record_number integer not null,
    field_name text not null,
    rule_id text,
    original_value jsonb,
    suggested_value jsonb,
    alternative_suggestions jsonb not null default '[]',
    model_name text not null,
    model_type text not null,
    model_version text not null,
    confidence_score numeric(5, 4) not null,
    status public.suggestion_status not null default 'generated',
    source text not null,
    priority_score numeric(7, 4) not null default 0,
    business_impact jsonb not null default '{}',
    expires_at timestamptz,
    valid_until timestamptz,
    reviewed_at timestamptz,
    accepted_at timestamptz,
    rejected_at timestamptz,
    used_for_training boolean not null default false,
    training_batch_id uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint suggestions_pkey primary key (id),
    constraint suggestions_tenant_id_check check (tenant_id ~ '^t_[a-z0-9_]{1,47}$'),
    constraint suggestions_record_number_check check (record_number >= 0),
    constraint suggestions_confidence_score_check check (confidence_score between 0 and 1)
);

-- name: schema_version
-- The version of this contract; one row.
create table public.schema_version (
    version text not null,
    applied_at timestamptz not null default now()
);

-- name: schema_version_one_row
-- At most one row.
create unique index schema_version_one_row on public.schema_version ((true));

-- name: schema_version_row
-- What the suite asks before it acts.
insert into public.schema_version (version) values ('1.0') on conflict do nothing;
