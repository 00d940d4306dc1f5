-- Searches in the alternatives.
-- Minimum version: 13.
create index suggestions_alternatives on public.suggestions using gin (alternative_suggestions);
