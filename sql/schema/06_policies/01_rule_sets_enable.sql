-- Row-level security is on.
-- Minimum version: 13.
alter table public.rule_sets enable row level security;
