-- What may be applied without a person.
-- Minimum version: 13.
create index suggestions_high_confidence on public.suggestions (tenant_id, created_at) where confidence_score >= 0.9;
