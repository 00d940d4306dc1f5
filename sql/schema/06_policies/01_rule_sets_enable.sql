-- Row-level security is on.
alter table public.rule_sets enable row level security;
