-- Somebody's idea of an index; nothing ever scans it.
create index suggestions_legacy_source on public.suggestions (source, model_version, priority_score, id);
