-- What it does: creates the record of what was about to be done; a row without an outcome was cut short.
-- Minimum version: 13.
create table if not exists steward.intent (
    id bigint generated always as identity primary key,
    run_id text not null,
    item_id text not null,
    action text not null,
    object text not null,
    statement text not null,
    started_at timestamptz not null default clock_timestamp(),
    settled_at timestamptz,
    outcome text,
    figures jsonb not null default '{{}}',
    check ((settled_at is null) = (outcome is null))
)
