-- Searches in the suggested value.
create index suggestions_suggested_value on public.suggestions using gin (suggested_value);
