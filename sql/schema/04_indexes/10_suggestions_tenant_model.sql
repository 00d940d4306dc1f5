-- How a model fares.
create index suggestions_tenant_model on public.suggestions (tenant_id, model_name, confidence_score, created_at);
