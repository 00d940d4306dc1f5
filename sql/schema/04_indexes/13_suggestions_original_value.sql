-- Searches in the original value.
create index suggestions_original_value on public.suggestions using gin (original_value);
