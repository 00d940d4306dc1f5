-- Searches in the metadata.
-- Minimum version: 13.
create index correction_logs_metadata on public.correction_logs using gin (correction_metadata);
