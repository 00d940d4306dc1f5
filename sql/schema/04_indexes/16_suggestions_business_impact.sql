-- Searches in the impact.
-- Minimum version: 13.
create index suggestions_business_impact on public.suggestions using gin (business_impact);
