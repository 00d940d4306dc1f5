-- Searches in the suggested value.
-- Minimum version: 13.
create index suggestions_suggested_value on public.suggestions using gin (suggested_value);
