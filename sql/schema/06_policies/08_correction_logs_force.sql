-- And holds for the owner as well.
-- Minimum version: 13.
alter table public.correction_logs force row level security;
