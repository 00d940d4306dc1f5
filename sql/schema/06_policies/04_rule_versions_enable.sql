-- Row-level security is on.
-- Minimum version: 13.
alter table public.rule_versions enable row level security;
