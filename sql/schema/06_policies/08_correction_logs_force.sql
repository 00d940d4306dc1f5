-- And holds for the owner as well.
alter table public.correction_logs force row level security;
