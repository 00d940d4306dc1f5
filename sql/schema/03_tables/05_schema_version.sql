-- The version of this contract; one row.
-- Minimum version: 13.
create table public.schema_version (
    version text not null,
    applied_at timestamptz not null default now()
);
