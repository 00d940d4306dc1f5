-- Rule sets of a tenant for a channel; deleted_at is the soft delete.
-- The unique key over tenant and id is what a version's foreign key refers to.
-- Minimum version: 13.
create table public.rule_sets (
    id uuid not null default gen_random_uuid(),
    tenant_id varchar(50) not null,
    channel public.marketplace_channel not null,
    name text not null,
    status public.rule_set_status not null default 'draft',
    is_active boolean not null default true,
    metadata jsonb not null default '{{}}',
    version integer not null default 1,
    shadow_period_days integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by text not null,
    updated_by text,
    deleted_at timestamptz,
    constraint rule_sets_pkey primary key (id),
    constraint rule_sets_tenant_id_id_key unique (tenant_id, id),
    constraint rule_sets_tenant_id_check check (tenant_id ~ '^t_[a-z0-9_]{{1,47}}$'),
    constraint rule_sets_version_check check (version > 0),
    constraint rule_sets_shadow_period_days_check check (shadow_period_days between 0 and 30),
    constraint rule_sets_name_check check (name <> '')
);
