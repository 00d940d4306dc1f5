-- What was accepted.
-- Minimum version: 13.
create index suggestions_accepted on public.suggestions (tenant_id, accepted_at) where status = 'accepted';
