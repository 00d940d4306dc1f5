-- And holds for the owner as well.
-- Minimum version: 13.
alter table public.suggestions force row level security;
