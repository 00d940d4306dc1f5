-- How a model fares.
-- Minimum version: 13.
create index suggestions_tenant_model on public.suggestions (tenant_id, model_name, confidence_score, created_at);
