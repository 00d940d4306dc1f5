-- Versions of a rule set. The foreign key holds the tenant too: without it a version could point into another tenant's
-- rule set, and whether the insert succeeds would tell that such a set exists.
-- Minimum version: 13.
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
    performance_metrics jsonb not null default '{{}}',
    published_at timestamptz,
    deprecated_at timestamptz,
    archived_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint rule_versions_pkey primary key (id),
    constraint rule_versions_rule_set_id_version_key unique (rule_set_id, version),
    constraint rule_versions_rule_set_fkey foreign key (tenant_id, rule_set_id)
        references public.rule_sets (tenant_id, id) on delete cascade,
    constraint rule_versions_tenant_id_check check (tenant_id ~ '^t_[a-z0-9_]{{1,47}}$'),
    constraint rule_versions_numbers_check check (major >= 0 and minor >= 0 and patch >= 0),
    constraint rule_versions_schema_hash_check check (schema_hash ~ '^[0-9a-f]{{64}}$'),
    constraint rule_versions_published_at_check check (status <> 'published' or published_at is not null),
    constraint rule_versions_deprecated_at_check check (status <> 'deprecated' or deprecated_at is not null),
    constraint rule_versions_archived_at_check check (status <> 'archived' or archived_at is not null)
);
