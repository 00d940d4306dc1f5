-- What was accepted.
create index suggestions_accepted on public.suggestions (tenant_id, accepted_at) where status = 'accepted';
