-- And holds for the owner as well.
-- Minimum version: 13.
alter table public.rule_sets force row level security;
