-- What it does: creates the copy of what the profile includes; one row.
-- Minimum version: 13.
create table if not exists steward.scope (
    only_row boolean primary key default true check (only_row),
    profile text not null,
    schemas text[] not null,
    exclude text[] not null
)
