-- Row-level security is on.
alter table public.rule_versions enable row level security;
