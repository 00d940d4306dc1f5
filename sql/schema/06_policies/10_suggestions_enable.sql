-- Row-level security is on.
-- Minimum version: 13.
alter table public.suggestions enable row level security;
