-- Searches in the impact.
create index suggestions_business_impact on public.suggestions using gin (business_impact);
