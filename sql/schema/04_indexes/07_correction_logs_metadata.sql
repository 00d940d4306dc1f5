-- Searches in the metadata.
create index correction_logs_metadata on public.correction_logs using gin (correction_metadata);
