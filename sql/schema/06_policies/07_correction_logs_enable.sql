-- Row-level security is on.
-- Minimum version: 13.
alter table public.correction_logs enable row level security;
