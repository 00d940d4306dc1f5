-- Searches in the alternatives.
create index suggestions_alternatives on public.suggestions using gin (alternative_suggestions);
