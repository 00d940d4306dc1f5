-- What it does: creates the log that operators' alert queries read: one row a run, one completed row an operation.
-- Minimum version: 13.
create table if not exists public.maintenance_log (
    id serial primary key,
    maintenance_type varchar(50) not null,
    started_at timestamptz not null,
    completed_at timestamptz,
    details jsonb default '{{}}',
    created_at timestamptz default now()
)
