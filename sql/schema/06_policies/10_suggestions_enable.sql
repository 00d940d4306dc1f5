-- Row-level security is on.
alter table public.suggestions enable row level security;
