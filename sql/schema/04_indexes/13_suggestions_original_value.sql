-- Searches in the original value.
-- Minimum version: 13.
create index suggestions_original_value on public.suggestions using gin (original_value);
