-- What it does: creates the record of materialized views' last refreshes.
-- Minimum version: 13.
create table if not exists public.materialized_view_metadata (
    view_name varchar(100) primary key,
    last_refreshed timestamptz,
    records_processed bigint,
    refresh_duration_seconds numeric,
    updated_at timestamptz default now()
)
