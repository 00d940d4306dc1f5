-- And holds for the owner as well.
alter table public.rule_sets force row level security;
