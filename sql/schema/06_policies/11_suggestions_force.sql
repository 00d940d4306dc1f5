-- And holds for the owner as well.
alter table public.suggestions force row level security;
