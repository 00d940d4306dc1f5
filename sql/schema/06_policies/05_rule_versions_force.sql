-- And holds for the owner as well.
alter table public.rule_versions force row level security;
