-- And holds for the owner as well.
-- Minimum version: 13.
alter table public.rule_versions force row level security;
