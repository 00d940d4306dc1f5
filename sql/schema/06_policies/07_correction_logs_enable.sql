-- Row-level security is on.
alter table public.correction_logs enable row level security;
