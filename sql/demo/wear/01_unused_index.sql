-- Somebody's idea of an index; nothing ever scans it.
-- Minimum version: 13.
create index suggestions_legacy_source on public.suggestions (source, model_version, priority_score, id);
